"""Sets the stage for the demo: the cluster, a base image, Datadog's stand-in and the sample's own repository."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.errors import DevError
from dev.process import run

PROGRAM = Path(sys.executable).with_name("trunkline")
REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACES = ("sample-dev", "sample-qa", "sample-prod")
# values/{dev,qa,prod}.yaml of the sample
NODE_PORTS = {"dev": 30081, "qa": 30082, "prod": 30083}
_READY_S = 20.0
# A key in form only: the stand-in accepts this one and no other.
KEY = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays.

    Attributes:
        sample: the sample's own git repository.
        environment: what every command of the story gets.
        versions: where each environment's service answers its version over HTTP.
        second_commit: the patch of the commit that fails in QA.
        took_s: how long each `trunkline run` took.
        record: the file of what Datadog's stand-in accepted, a JSON object per line.
    """

    sample: Path
    environment: Mapping[str, str]
    versions: Mapping[str, str]
    second_commit: str
    record: Path
    took_s: list[float] = field(default_factory=list)

    def git(self, *arguments: str) -> str:
        """Run git in the sample's repository."""
        return run(["git", *arguments], cwd=self.sample, env=self.environment).strip()

    def trunkline(self, *arguments: str, expect: int = 0) -> str:
        """Run the installed program as a person would, showing the command; its standard output."""
        print(f"\n$ {shlex.join(['trunkline', *arguments])}", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=self.sample,
            env=self.environment,
            # The story has no person in it who could answer a question.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if arguments[0] == "run":
            self.took_s.append(time.monotonic() - began)
        print(done.stdout, end="", flush=True)
        if done.returncode != expect:
            raise DevError(
                f"`trunkline {' '.join(arguments)}` ended with {done.returncode} instead of {expect}: see above."
            )
        return done.stdout

    def facts(self, *arguments: str) -> Any:
        """What the installed program knows, without showing the command."""
        return json.loads(
            run([PROGRAM, *arguments, "--output", "json"], cwd=self.sample, env=self.environment)
        )

    def answers(self, environment: str, commit: str) -> bool:
        """Whether the service in an environment comes to answer with this commit over HTTP."""
        url = self.versions[environment]
        deadline = time.monotonic() + _READY_S
        while True:
            told = _version(url)
            print(f"GET {url} -> {told}")
            # In whole or as an image's tag has it.
            if told and commit.startswith(told):
                return True
            if time.monotonic() > deadline:
                return False
            # A node's kube-proxy learns a moment later which pods are there: until then, old ones may be asked.
            time.sleep(0.2)


def _version(url: str) -> str:
    """The commit that is answered; empty if nothing is."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return str(json.load(answer)["commit"])
    except OSError:
        return ""


@contextmanager
def prepared(directory: Path) -> Iterator[Stage]:
    """A stage in `directory`; Datadog's stand-in is ended with the block, the cluster stays up."""
    python = sys.executable
    run_shown([python, "-m", "dev.setup"])
    run_shown([python, "-m", "dev.cluster", "up"])
    reach = json.loads(run([python, "-m", "dev.cluster", "env", "--output", "json"], cwd=REPOSITORY))
    registry = reach["TRUNKLINE_TEST_REGISTRY"]
    requirements = REPOSITORY / "examples" / "sample" / "requirements.txt"
    print("making a Python base image from Debian's packages", flush=True)
    base_image = run(
        [python, "-m", "dev.baseimage", "--registry", registry, "--requirements", requirements],
        cwd=REPOSITORY,
    ).strip()
    record = directory / "datadog.jsonl"
    with datadog(record) as url:
        environment = {
            **os.environ,
            **reach,
            "PATH": f"{Path(python).parent}{os.pathsep}{reach['PATH']}",
            "SAMPLE_REGISTRY": registry,
            "BASE_IMAGE": base_image.splitlines()[-1],
            "DD_API_KEY": KEY,
            "DD_URL": url,
            "TRUNKLINE_LEDGER": f"sqlite:///{directory / 'ledger.db'}",
        }
        # The demo stands for a person's machine, whatever runs it.
        for name in [name for name in environment if name.startswith("CIRCLE")]:
            del environment[name]
        node = reach["TRUNKLINE_TEST_NODE_ADDRESS"]
        versions = {name: f"http://{node}:{port}/version" for name, port in NODE_PORTS.items()}
        stage = Stage(repository(directory), environment, versions, "second-commit.patch", record)
        _empty_namespaces(environment)
        yield stage


def run_shown(argv: list[str]) -> None:
    """Run one of the repository's own tools, with its output on the screen."""
    done = subprocess.run(argv, cwd=REPOSITORY, check=False)
    if done.returncode:
        raise DevError(f"`{' '.join(argv[1:])}` ended with {done.returncode}: see above.")


def repository(directory: Path) -> Path:
    """The sample in a repository of its own, with the shared chart beside it."""
    for name in ("sample", "charts"):
        shutil.copytree(
            REPOSITORY / "examples" / name,
            directory / name,
            ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"),
        )
    sample = directory / "sample"
    (sample / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n", encoding="utf-8")
    person = ("-c", "user.name=Demo", "-c", "user.email=demo@example.com")
    run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=sample)
    run(["git", "add", "--all"], cwd=sample)
    run(["git", *person, "commit", "--quiet", "--message", "The first version"], cwd=sample)
    for key, value in (("user.name", "Demo"), ("user.email", "demo@example.com")):
        run(["git", "config", key, value], cwd=sample)
    return sample


def _empty_namespaces(environment: Mapping[str, str]) -> None:
    """From nothing: what an earlier demo left in the cluster goes first."""
    run(["kubectl", "delete", "namespace", *NAMESPACES, "--ignore-not-found", "--wait"], env=environment)


@contextmanager
def datadog(record: Path) -> Iterator[str]:
    """Datadog's stand-in on loopback; its address."""
    argv = [
        sys.executable,
        "-m",
        "tests.standins.datadog",
        "--port",
        "0",
        "--record",
        str(record),
        "--key",
        KEY,
    ]
    process = subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise DevError("the stand-in for Datadog did not start: see above.")
        yield line.rpartition(" ")[2]
    finally:
        process.terminate()
        process.wait(10)
