"""What values a release would get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.world import SECRET, FakeWorld, chart_archive, fake_world
from trunkline.app.values import Merged, merged_values
from trunkline.domain.redaction import MASK
from trunkline.errors import UsageError


def a_world(**layers: Any) -> FakeWorld:
    fake = fake_world()
    fake.storage.files["s3://charts"]["backend-1.0.0.tgz"] = chart_archive(
        **{"values.yaml": json.dumps({"replicas": 1, "image": {"tag": "none"}})}
    )
    for name in ("base", "dev"):
        fake.storage.files["s3://values"][f"{name}.yaml"] = json.dumps(layers.get(name, {})).encode()
    return fake


def rows(found: Merged) -> dict[str, tuple[Any, str]]:
    return {".".join(item.keys): (item.value, item.layer) for item in found.values}


def test_each_value_is_told_with_its_layer() -> None:
    """The chart's own values, the layers in the environment's order and our pins of the image each have their name."""
    fake = a_world(base={"a": 1, "b": 1}, dev={"b": 2})
    image = fake.pushed()
    found = merged_values(fake.world, "dev")
    assert rows(found) == {
        "a": (1, "base.yaml"),
        "b": (2, "dev.yaml"),
        "image.digest": (image.digest, "trunkline"),
        "image.repository": (image.repository, "trunkline"),
        "image.tag": (image.tag, "trunkline"),
        "replicas": (1, "chart"),
    }
    assert (found.chart, found.notes) == ("backend-1.0.0", ())
    assert found.tree()["image"]["tag"] == image.tag


def test_only_a_layer_or_a_key() -> None:
    """A layer or a key is looked at alone; one that is not there names those that are."""
    fake = a_world(base={"a": 1, "m": {"x.y": 1, "z": 2}}, dev={"b": 2})
    assert set(rows(merged_values(fake.world, "dev", layer="dev.yaml"))) == {"b"}
    assert rows(merged_values(fake.world, "dev", key="m.x\\.y")) == {"m.x.y": (1, "base.yaml")}
    assert set(rows(merged_values(fake.world, "dev", key="m"))) == {"m.x.y", "m.z"}
    with pytest.raises(UsageError, match=r"dev has no values layer 'prod\.yaml'") as caught:
        merged_values(fake.world, "dev", layer="prod.yaml")
    assert "chart, base.yaml, dev.yaml, trunkline" in caught.value.hint
    with pytest.raises(UsageError, match=r"dev has no value 'm\.nothing'"):
        merged_values(fake.world, "dev", key="m.nothing")


def test_secrets_are_masked() -> None:
    """What is named like a secret and what the Redactor knows are not shown, nor what they overrode."""
    fake = a_world(
        base={"db": {"password": "older"}}, dev={"db": {"password": "newer"}, "url": f"a/{SECRET}"}
    )
    found = merged_values(fake.world, "dev")
    assert rows(found)["db.password"] == (MASK, "dev.yaml")
    assert rows(found)["url"] == (f"a/{MASK}", "dev.yaml")
    assert not {word for word in ("older", "newer", SECRET) if word in repr(found)}


def test_nothing_has_to_be_built() -> None:
    """Without an image, or without a registry that answers, the values are shown with a note."""
    fake = a_world()
    assert "is not built yet" in merged_values(fake.world, "dev").notes[0]
    fake.registry.trouble = "the registry is down"
    found = merged_values(fake.world, "dev")
    assert found.notes == ("the image's digest is not known: the registry is down",)


def test_subcharts_are_mentioned() -> None:
    """The defaults of subcharts are not shown, and that is said."""
    fake = a_world()
    chart = "apiVersion: v2\nname: backend\nversion: 1.0.0\ndependencies:\n- name: redis\n"
    fake.storage.files["s3://charts"]["backend-1.0.0.tgz"] = chart_archive(**{"Chart.yaml": chart})
    assert any("subcharts" in note for note in merged_values(fake.world, "dev").notes)


def test_values_that_are_too_deep() -> None:
    """A nesting that no chart has is one sentence."""
    deep: dict[str, Any] = {}
    for _ in range(150):
        deep = {"a": deep}
    with pytest.raises(UsageError, match=r"The values of dev cannot be shown: .* nested more than"):
        merged_values(a_world(dev=deep).world, "dev")
