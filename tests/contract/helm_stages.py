"""The Helms that the contract of `Helm` is tried on: the fake, and the real ones on a real cluster.

All of them deploy the same tiny chart: a ConfigMap that shows what the chart was given, and starts no pod.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from dev import tools
from tests.fakes.clock import FakeClock
from tests.fakes.helm import FakeHelm, Objects
from trunkline.adapters.helm import HelmCommand
from trunkline.adapters.kubernetes.helm_records import decode, encode
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.errors import DeploymentFailed
from trunkline.ports import Helm

SECRET = "hunter2-hunter2"
NEVER_ASKED = ClusterTarget("/nonexistent")
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shown\nversion: 1.2.3\n",
    "values.yaml": "image: {repository: chart, tag: chart}\ntext: chart\n",
    "values.schema.json": json.dumps(
        {"properties": {"image": {"properties": {"tag": {"type": "string", "minLength": 1}}}}}
    ),
    "templates/shown.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {team: {{ .Values.team | default "ours" | quote }}}
data:
  repository: {{ .Values.image.repository | quote }}
  tag: {{ .Values.image.tag | quote }}
  text: {{ .Values.text | quote }}
---
# an empty document
""",
    "templates/hook.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
""",
}
HOOK = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "sample-before", "annotations": {"helm.sh/hook": "pre-install,pre-upgrade"}},
}


class Stage(Protocol):
    """A Helm and a namespace of our own; `clean` leaves nothing behind."""

    helm: Helm
    namespace: str
    cluster: ClusterTarget

    def lost(self) -> Helm:
        """A Helm whose cluster does not answer."""
        ...

    def leave(self, target: ReleaseTarget, revision: int, status: str) -> None:
        """Leave a revision as a client that died in this moment would."""
        ...

    def clean(self) -> None:
        """Remove everything."""
        ...


class FakeStage:
    """The fake that other tests use, with the same chart in Python."""

    def __init__(self) -> None:
        self._fake = FakeHelm(FakeClock(), render=shown, hook_objects=(HOOK,))
        self.helm: Helm = self._fake
        self.namespace = "team"
        self.cluster = ClusterTarget()

    def lost(self) -> Helm:
        return FakeHelm(FakeClock(), trouble="The cluster is unreachable.")

    def leave(self, target: ReleaseTarget, revision: int, status: str) -> None:
        self._fake.records[(str(target), revision)][0] = status

    def clean(self) -> None:
        pass


class RealStage:
    """Helm's own command line, version 3 or 4, on the real cluster."""

    def __init__(self, major: int, kubeconfig: Path, scratch: Path) -> None:
        homes = {f"HELM_{name}_HOME": str(scratch / name) for name in ("CACHE", "CONFIG", "DATA")}
        path = f"{tools.helm(major).parent}:{os.environ['PATH']}"
        self._processes = SubprocessProcesses(
            {"PATH": path, "HOME": str(scratch), **homes}, Redactor([SECRET])
        )
        self._kubeconfig = kubeconfig
        self.cluster = ClusterTarget(str(kubeconfig))
        self.helm: Helm = HelmCommand(self.cluster, self._processes)
        self.namespace = f"helm-{secrets.token_hex(4)}"
        self._kubectl("create", "namespace", self.namespace)

    def lost(self) -> Helm:
        return HelmCommand(NEVER_ASKED, self._processes)

    def leave(self, target: ReleaseTarget, revision: int, status: str) -> None:
        name = f"sh.helm.release.v1.{target.name}.v{revision}"
        found = self._kubectl("get", "secret", name, "--namespace", target.namespace, "--output", "json")
        record: dict[str, Any] = json.loads(found)
        release = dict(decode(record["data"]["release"], secret=True))
        release["info"]["status"] = status
        record["data"]["release"] = encode(release, secret=True)
        record["metadata"]["labels"]["status"] = status
        self._kubectl("replace", "--filename", "-", stdin=json.dumps(record))

    def clean(self) -> None:
        self._kubectl("delete", "namespace", self.namespace, "--wait=false")

    def _kubectl(self, *words: str, stdin: str | None = None) -> str:
        argv = [str(tools.kubectl()), "--kubeconfig", str(self._kubeconfig), *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, input=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout


def write_chart(folder: Path) -> Path:
    """The chart as a directory."""
    for name, text in CHART.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def shown(name: str, values: Mapping[str, Any]) -> Objects:
    """What the chart renders, for the fake: it refuses what the schema would."""
    values = {"text": "chart", **values}
    image = {"repository": "chart", "tag": "chart", **values.get("image", {})}
    if not isinstance(image["tag"], str) or not image["tag"]:
        raise DeploymentFailed("helm upgrade failed: values don't meet the specifications of the schema(s)")
    data = {"repository": image["repository"], "tag": image["tag"], "text": str(values["text"])}
    return ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data},)
