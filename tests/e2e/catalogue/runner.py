"""Runs a case: stages it in a namespace of its own, lets the installed `trunkline release` deal with it, and looks.

What it saw is a `Result`; the test judges it. Cases run side by side, each with a project, a ledger and a namespace
of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.hands import PATIENCE_S, Hands
from tests.e2e.catalogue.neighbour import Neighbour
from tests.e2e.catalogue.objects import Object
from tests.e2e.workbench import PROGRAM, kill
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.domain.rollouts import Cause

AT_ONCE = 5
_CLUSTER_WIDE = {
    "CustomResourceDefinition",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "ValidatingWebhookConfiguration",
}
_CAUSES = "|".join(re.escape(cause.value) for cause in Cause)
_LINE = re.compile(r"^\S+Z \[deploy dev\] (.*)$")


@dataclass(slots=True)
class Result:
    """What became of a case.

    Attributes:
        text: all that a person saw.
        cause: as the ledger has it.
        took_s: from the attempt's start to its end, as the ledger has it.
        sentence: of the first failure, as are evidence and advice.
        history: Helm's, oldest first.
        left: names of the release's workloads and pods that are there in the end.
        unready: workloads of the good revision that are not all there and ready in the end.
    """

    namespace: str
    code: int
    text: str
    outcome: str
    cause: str
    undone: str
    took_s: float
    sentence: str = ""
    evidence: tuple[str, ...] = ()
    advice: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)


class Pushes(Protocol):
    """The one image of all cases."""

    def push(self, tag: str) -> str:
        """Let it be there under a tag; its reference."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all cases of one session stand on."""

    client: KubernetesClient
    environment: Mapping[str, str]
    registry: str
    node: str
    tools: Pushes
    neighbour: Neighbour
    prefix: str
    folder: Path


class Catalogue:
    """The cases of one session, each begun once, a few at a time."""

    def __init__(self, ground: Ground, cases: tuple[Case, ...]) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, "case")
        self.results: dict[str, Result] = {}
        # Those that wait the longest begin first, so that nobody waits for them in the end.
        longest = sorted(cases, key=lambda case: not case.patient)
        self._futures: dict[str, Future[Result]] = {
            case.name: self._pool.submit(run_case, ground, case) for case in longest
        }

    def result(self, name: str) -> Result:
        """Wait for a case; what became of it."""
        self.results[name] = self._futures[name].result()
        return self.results[name]

    def close(self) -> None:
        """End; cases that nobody asks for any more are not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def run_case(ground: Ground, case: Case) -> Result:
    """Stage a case, release it, look what became of it, and remove everything."""
    namespace = f"{ground.prefix}-{case.name}"
    words = {
        "NAMESPACE": namespace,
        "NODE": ground.node,
        "REGISTRY": ground.registry,
        "TOOLS": f"{ground.registry}/catalogue/tools:latest",
        "NEIGHBOUR": ground.neighbour.registry,
        "HOOKS": ground.neighbour.webhooks,
        "AUTHORITY": ground.neighbour.authority,
    }
    hands = Hands(ground.client, namespace, words)
    project = _Project(ground, case, hands)
    hands.client.create(
        "/api/v1/namespaces",
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"catalogue": namespace}},
        },
    )
    try:
        return project.play()
    finally:
        project.end()


class _Project:
    """A service whose chart is the case's objects, in a git repository of its own."""

    def __init__(self, ground: Ground, case: Case, hands: Hands) -> None:
        self._ground, self._case, self._hands = ground, case, hands
        self._directory = ground.folder / case.name
        self._environment = {
            **ground.environment,
            "TRUNKLINE_LEDGER": f"sqlite:///{ground.folder / case.name}.db",
        }
        self._started: subprocess.Popen[str] | None = None

    def play(self) -> Result:
        """From the setting to the end."""
        case, hands = self._case, self._hands
        if case.setting:
            self._kubectl("apply", objects=case.setting)
        if any(item["kind"] == "CustomResourceDefinition" for item in case.setting):
            crd = hands.fill("crd/widgets.@NAMESPACE@.example.com")
            self._tool("kubectl", "wait", "--for=condition=Established", "--timeout=30s", crd)
        self._write_project()
        if case.before:
            self._commit(case.before)
            done = self._release(None)
            assert done[0] == 0, f"the revision before was not good: {done[1]}"
        if case.prepare:
            case.prepare(hands)
        self._commit(case.objects)
        code, text = self._release(case)
        return self._look(code, text)

    def end(self) -> None:
        """Remove the namespace and what of the setting is outside of it."""
        if self._started is not None and self._started.poll() is None:
            kill(self._started)
        self._hands.clean()
        wide = [item for item in self._case.setting if item["kind"] in _CLUSTER_WIDE]
        if wide:
            self._kubectl("delete", "--ignore-not-found", "--wait=false", objects=wide)
        name = self._hands.namespace
        for item in self._case.setting:
            if "finalizers" in item["metadata"]:
                plural = f"{item['kind'].lower()}s/{item['metadata']['name']}"
                self._hands.client.patch(self._hands.path(plural), {"metadata": {"finalizers": None}})
        self._tool("kubectl", "delete", "namespace", name, "--ignore-not-found", "--wait=false")

    def _release(self, case: Case | None) -> tuple[int, str]:
        self._started = process = subprocess.Popen(
            [str(PROGRAM), "release", "dev"],
            cwd=self._directory,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if case is None or case.meanwhile is None:
            return self._ended(process)
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(self._ended, process)
            try:
                case.meanwhile(self._hands)
                assert process.poll() is None, f"the disturbance came too late: {reading.result()}"
            except BaseException:
                kill_quietly(process)
                raise
            return reading.result()

    @staticmethod
    def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
        text, _ = process.communicate(timeout=2 * PATIENCE_S)
        return process.returncode, text

    def _look(self, code: int, text: str) -> Result:
        shown = self._tool(str(PROGRAM), "history", "--limit", "1", "--output", "json")
        record = json.loads(shown)[0]
        ending = record["ending"]
        sentence, evidence, advice = _told(text)
        began, over = (_moment(part) for part in (record["attempt"]["started_at"], ending["finished_at"]))
        result = Result(
            self._hands.namespace,
            code,
            text,
            ending["outcome"],
            ending["cause"],
            ending["undone"],
            over - began,
            sentence,
            evidence,
            advice,
        )
        listed = self._tool(
            "helm", "history", "web", "--namespace", self._hands.namespace, "-o", "json", check=False
        )
        result.history = json.loads(listed) if listed else []
        if self._case.before and self._case.cause:
            self._await_before(result)
        else:
            result.left = self._left()
        return result

    def _left(self) -> list[str]:
        kinds = "deployments,statefulsets,daemonsets,jobs,services,pods"
        names = self._tool(
            "kubectl", "get", kinds, "--namespace", self._hands.namespace, "-o", "name"
        ).split()
        setting = {f"{item['kind'].lower()}/{item['metadata']['name']}" for item in self._case.setting}
        return [
            name
            for name in names
            if name.split(".")[0].split("/")[0] + "/" + name.split("/")[1] not in setting
        ]

    def _await_before(self, result: Result) -> None:
        for item in self._case.before:
            if item["kind"] in {"Deployment", "StatefulSet"}:
                plural = f"{item['kind'].lower()}s/{item['metadata']['name']}"
                live = self._hands.client.get(self._hands.path(plural, "apps"))
                status = live.get("status") or {}
                wanted = live["spec"]["replicas"]
                counts = [
                    int(status.get(key) or 0) for key in ("replicas", "updatedReplicas", "readyReplicas")
                ]
                if counts != [wanted] * 3:
                    result.unready.append(f"{plural}: {counts} of {wanted}")

    def _write_project(self) -> None:
        case, ground = self._case, self._ground
        templates = self._directory / "chart" / "templates"
        templates.mkdir(parents=True)
        chart = {"apiVersion": "v2", "name": "catalogue", "version": "1.0.0"}
        (self._directory / "chart" / "Chart.yaml").write_text(json.dumps(chart), encoding="utf-8")
        environment = {
            "namespace": self._hands.namespace,
            "timeout": f"{case.timeout_s}s",
            "settle": f"{case.settle_s}s",
        }
        project = {
            "version": 1,
            "service": "web",
            "image": {"repository": f"{ground.registry}/catalogue/tools"},
            "chart": {"path": "chart"},
            "environments": {"dev": environment},
            "measure": {"sinks": {"datadog": False}},
        }
        (self._directory / "trunkline.yaml").write_text(json.dumps(project), encoding="utf-8")
        self._tool("git", "init", "--quiet", "--initial-branch", "main")
        self._tool("git", "config", "user.name", "Test")
        self._tool("git", "config", "user.email", "test@example.com")

    def _commit(self, objects: tuple[Object, ...]) -> None:
        documents = "\n---\n".join(json.dumps(item, indent=1) for item in objects)
        template = self._directory / "chart" / "templates" / "objects.yaml"
        # An id of the revision's own: two cases with the same objects are still two commits.
        template.write_text(f"# {time.time_ns()}\n{self._hands.fill(documents)}\n", encoding="utf-8")
        self._tool("git", "add", "--all")
        self._tool("git", "commit", "--quiet", "--message", self._case.story)
        self._ground.tools.push(self._tool("git", "rev-parse", "--short=7", "HEAD").strip())

    def _kubectl(self, *words: str, objects: Any) -> None:
        text = self._hands.fill(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
        self._tool("kubectl", *words, "--namespace", self._hands.namespace, "-f", "-", stdin=text)

    def _tool(self, *argv: str, check: bool = True, stdin: str = "") -> str:
        directory = self._directory if self._directory.is_dir() else self._ground.folder
        done = subprocess.run(
            argv,
            cwd=directory,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{argv}: {done.stderr}"
        return done.stdout


def kill_quietly(process: subprocess.Popen[str]) -> None:
    """End a command whose output somebody else reads."""
    if process.poll() is None:
        process.kill()


def _told(text: str) -> tuple[str, tuple[str, ...], str]:
    """Sentence, evidence and advice of the first failure, as a person reads them; else of the error at the end."""
    lines = [found.group(1) for line in text.splitlines() if (found := _LINE.match(line))]
    sentence, evidence, advice = "", [], ""
    for line in lines:
        if not sentence:
            found = re.match(rf"(?:{_CAUSES}): (.*)$", line)
            sentence = found.group(1) if found else ""
        elif line.startswith("| "):
            evidence.append(line[2:])
        else:
            advice = line.removeprefix("next: ") if line.startswith("next: ") else ""
            break
    if not sentence:
        sentence, advice = (_after(word, text) for word in ("error: ", "next: "))
    return sentence, tuple(evidence), advice


def _after(word: str, text: str) -> str:
    return next((line.removeprefix(word) for line in text.splitlines() if line.startswith(word)), "")


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
