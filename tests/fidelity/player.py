"""Plays sessions on a cluster that a kubeconfig names, and notes what the clients saw."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dev import tools
from tests.fidelity.masking import masked
from tests.fidelity.steps import Session, Step

Record = dict[str, Any]
_PATIENCE_S = 60.0


class Player:
    """The clients, and one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._tools = {"kubectl": tools.kubectl(), "helm4": tools.helm(4), "helm3": tools.helm(3)}

    def play_all(self, sessions: Sequence[Session], at_once: int) -> dict[str, Record]:
        """Play sessions beside one another: what each compared step showed, by the session's name."""
        with ThreadPoolExecutor(at_once) as pool:
            return dict(zip((s.name for s in sessions), pool.map(self._play, sessions), strict=True))

    def _play(self, session: Session) -> Record:
        namespace = f"fid-{session.name}-{uuid.uuid4().hex[:6]}"
        record: Record = {}
        with tempfile.TemporaryDirectory() as folder:
            for path, text in session.chart.items():
                target = Path(folder) / "web" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            self._run(Step("", "kubectl", ("create", "namespace", namespace)), "default", folder)
            try:
                for step in session.steps:
                    seen = self._step(step, namespace, folder)
                    if step.compared is not None:
                        assert step.name not in record, step.name
                        record[step.name] = seen
            finally:
                gone = ("delete", "namespace", namespace, "--wait=false")
                self._run(Step("", "kubectl", gone), "default", folder)
        return record

    def _step(self, step: Step, namespace: str, folder: str) -> Record:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            code, out, err = self._run(step, namespace, folder)
            if step.until is None or step.until in out or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if step.compared == "exit":
            return {"exit": code}
        shown, said = (
            masked(out.replace(folder, "DIR"), namespace),
            masked(err.replace(folder, "DIR"), namespace),
        )
        if step.compared == "sorted":
            shown = sorted(set(shown))
        return {"exit": code, "out": shown, "err": said}

    def _run(self, step: Step, namespace: str, folder: str) -> tuple[int, str, str]:
        words = [word.replace("NS", namespace).replace("CHART", f"{folder}/web") for word in step.words]
        if step.tool == "http":
            return self._request(words, step.stdin.replace("NS", namespace))
        environment = {
            **os.environ,
            "KUBECONFIG": str(self._kubeconfig),
            "HELM_NAMESPACE": namespace,
            "HELM_CACHE_HOME": f"{folder}/cache",
            "HELM_CONFIG_HOME": f"{folder}/config",
            "HELM_DATA_HOME": f"{folder}/data",
        }
        if step.tool == "kubectl" and "-A" not in words:
            words = ["--namespace", namespace, *words]
        done = subprocess.run(
            [self._tools[step.tool], *words], input=step.stdin.replace("NS", namespace), env=environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def _request(self, words: Sequence[str], body: str) -> tuple[int, str, str]:
        method, path, media = words
        server, headers, context = access(self._kubeconfig)
        headers = {**headers, "Content-Type": media, "Accept": "application/json"}
        request = urllib.request.Request(server + path, body.encode() or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), ""


def access(kubeconfig: Path) -> tuple[str, Mapping[str, str], ssl.SSLContext | None]:
    """The server of a kubeconfig, with what it takes to be let in."""
    view = subprocess.run(
        [tools.kubectl(), "config", "view", "--raw", "--minify", "-o", "json", "--kubeconfig", kubeconfig],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    config = json.loads(view.stdout)
    cluster, user = config["clusters"][0]["cluster"], (config.get("users") or [{"user": {}}])[0]["user"]
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    if not cluster["server"].startswith("https"):
        return cluster["server"], headers, None
    import base64  # noqa: PLC0415 - a real cluster's only

    context = ssl.create_default_context()
    if "certificate-authority" in cluster:
        context.load_verify_locations(cluster["certificate-authority"])
    elif "certificate-authority-data" in cluster:
        context.load_verify_locations(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    elif "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder) / "pair.pem"
            both = base64.b64decode(user["client-certificate-data"]) + base64.b64decode(
                user["client-key-data"]
            )
            pair.write_bytes(both)
            context.load_cert_chain(pair)
    return cluster["server"], headers, context
