"""Values that a chart's schema does not allow are told with their places, whichever Helm says so."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dev import tools
from tests.fakes.projects import a_project
from tests.fakes.world import FakeWorld, fake_world
from trunkline.adapters.helm_values import HelmValues
from trunkline.adapters.process import SubprocessProcesses
from trunkline.app.release import plan, release
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import ConfigurationError, DeploymentFailed

SCHEMA = {
    "type": "object",
    "required": ["team"],
    "properties": {
        "replicas": {"type": "integer"},
        "image": {"type": "object", "properties": {"tag": {"type": "string"}}},
        "ports": {"type": "array", "items": {"type": "integer"}},
        "mode": {"enum": ["a", "b"]},
        "smtp": {"type": "object", "properties": {"password": {"type": "string", "pattern": "^[A-Z]+$"}}},
    },
}
BASE = """\
# what all have
replicas: 1
mode: c
ports:
  - 80
  - http
smtp:
  password: hunter2
"""
DEV = "sub: {size: 5}\nreplicas: '3'\n"


def a_world(root: Path, helm: int, schema: object = SCHEMA, base: str = BASE, dev: str = DEV) -> FakeWorld:
    """A service whose chart has a schema, as has its subchart; values are in memory, Helm is real."""
    files = {
        "Chart.yaml": "apiVersion: v2\nname: own\nversion: 1.0.0\ndependencies:\n- name: sub\n  version: 0.1.0\n",
        "values.schema.json": json.dumps(schema),
        "templates/a.yaml": "replicas: {{ .Values.replicas }}\n",
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
        "charts/sub/values.schema.json": json.dumps({"properties": {"size": {"type": "string"}}}),
    }
    for name, text in files.items():
        (root / "chart" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "chart" / name).write_text(text)
    fake = fake_world(a_project(root, chart=ChartSettings(path="chart")))
    fake.storage.files["s3://values"] |= {"base.yaml": base.encode(), "dev.yaml": dev.encode()}
    path = f"{tools.helm(helm).parent}{os.pathsep}{os.environ['PATH']}"
    processes = SubprocessProcesses({**os.environ, "PATH": path}, Redactor())
    fake.world = replace(fake.world, values=HelmValues(processes))
    fake.pushed()
    return fake


@pytest.mark.parametrize("helm", [3, 4])
def test_every_violation_has_its_place(tmp_path: Path, helm: int) -> None:
    """All violations come at once, each with the layer, line and column of the value that counts; a secret is not told."""
    fake = a_world(tmp_path, helm)

    def refuse(*_: object) -> list[dict[str, object]]:
        chart, layers = tmp_path / "chart", [tmp_path / "base.yaml"]
        layers[0].write_text(BASE)
        raise DeploymentFailed(f"helm upgrade failed: {fake.world.values.complaints(chart, layers, {})}")

    fake.helm.render = refuse
    for deed in (plan, release):
        with pytest.raises(
            ConfigurationError, match=r"The values of dev do not fit the schema of the chart own-1\.0\.0"
        ) as caught:
            deed(fake.world, "dev")
        told = caught.value.mistakes
        assert {line.partition(": ")[0] for line in told} == {
            "base.yaml, dev.yaml", "dev.yaml:2:11", "base.yaml:3:7", "base.yaml:6:5", "base.yaml:8:13", "dev.yaml:1:13",
        }  # fmt: skip
        assert any("team" in line and line.startswith("base.yaml, dev.yaml: the values: ") for line in told)
        assert any(line.startswith("dev.yaml:2:11: replicas: ") and "integer" in line for line in told)
        assert any(line.startswith("dev.yaml:1:13: sub.size: ") for line in told)
        assert "hunter2" not in " ".join(told)
    # Refused before anything was made: there is nothing to undo.
    assert fake.helm.history(fake.target("dev")).revisions == ()
    assert [deed for deed in fake.helm.deeds if not deed.startswith("upgrade")] == []


@pytest.mark.parametrize("helm", [3, 4])
def test_values_that_fit(tmp_path: Path, helm: int) -> None:
    """Values that the schema allows are deployed; so are those of a chart that fails for another reason, as Helm will say."""
    good = "team: a\nmode: a\n"
    fake = a_world(tmp_path, helm, base=good, dev="")
    assert release(fake.world, "dev").revision == 1
    (tmp_path / "chart/templates/a.yaml").write_text('{{ fail "no" }}\n')
    assert plan(fake.world, "dev").deed == "upgrade"


@pytest.mark.parametrize("helm", [3, 4])
def test_a_schema_against_our_own_pins(tmp_path: Path, helm: int) -> None:
    """A schema that does not allow what Trunkline itself sets says so, with the key to change."""
    schema = {"properties": {"image": {"type": "object", "properties": {"tag": {"type": "integer"}}}}}
    with pytest.raises(ConfigurationError) as caught:
        plan(a_world(tmp_path, helm, schema, "a: 1\n", "").world, "dev")
    [line] = caught.value.mistakes
    assert line.startswith("trunkline's own pins: image.tag: ")
    assert "chart.image_keys" in line
