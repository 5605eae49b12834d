"""What the decoder stumbles over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.patches.kinds import ALL, CONFIG_MAP, CUSTOM, DEPLOYMENT, POD, deployment
from trunkline.rehearsal.patches import as_stored, duplicates, invalid_patch, problems

_FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"
_SECRET = ALL.named("", "Secret")


def _pod(**container: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", **container}]}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (deployment(replicas="1"), _FIELD.format("string", "DeploymentSpec.spec.replicas", "int32")),
        (deployment(replicas=1.5), _FIELD.format("number 1.5", "DeploymentSpec.spec.replicas", "int32")),
        (deployment(replicas=2**31), _FIELD.format("number 2147483648", "DeploymentSpec.spec.replicas", "int32")),
        (deployment(paused="yes"), _FIELD.format("string", "DeploymentSpec.spec.paused", "bool")),
        (deployment(strategy=[]), _FIELD.format("array", "DeploymentSpec.spec.strategy", "v1.DeploymentStrategy")),
        (deployment({"name": 5}), _FIELD.format("number", "Container.spec.template.spec.containers.name", "string")),
        (deployment(template={"spec": {"containers": {}}}), _FIELD.format("object", "PodSpec.spec.template.spec.containers", "[]v1.Container")),
        ({"metadata": {"labels": {"a": 1}}}, _FIELD.format("number", "ObjectMeta.metadata.labels", "string")),
        ({"metadata": {"labels": []}}, _FIELD.format("array", "ObjectMeta.metadata.labels", "map[string]string")),
        ({"metadata": {"creationTimestamp": "x"}}, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        ({"metadata": {"creationTimestamp": 5}}, "json: cannot unmarshal number into Go value of type string"),
        ({"spec": {"strategy": {"rollingUpdate": {"maxSurge": True}}}}, "json: cannot unmarshal bool into Go value of type int32"),
        ([], "json: cannot unmarshal array into Go value of type v1.Deployment"),
    ],
)  # fmt: skip
def test_mistyped_values_are_told_as_go_tells_them(value: Any, said: str) -> None:
    """A value of a wrong type is named with its struct, its path and both types."""
    assert problems(DEPLOYMENT, value).mistyped == [said]


@pytest.mark.parametrize(
    "limits",
    [{"cpu": "x"}, {"cpu": "1 Gi"}, {"cpu": True}, {"cpu": {}}],
    ids=lambda limits: str(limits["cpu"]),
)
def test_quantities_are_parsed(limits: dict[str, Any]) -> None:
    """What is no quantity is told by the expression that quantities match."""
    (said,) = problems(POD, _pod(resources={"limits": limits})).mistyped
    assert said.startswith("quantities must match the regular expression '^(")


def test_what_fits_is_no_problem() -> None:
    """Numbers for quantities, strings and numbers for ports, and null for anything are fine."""
    resources = {"limits": {"cpu": 1, "memory": "1.5Gi"}, "requests": {"cpu": "1e3", "memory": 0.5}}
    probe = {"httpGet": {"port": "http"}, "periodSeconds": None}
    value = _pod(resources=resources, livenessProbe=probe, readinessProbe={"httpGet": {"port": 80}})
    assert problems(POD, value) == ([], [])


@pytest.mark.parametrize(("text", "at"), [("YQ", 0), ("a-b=", 1), ("YWJjZA=", 7), ("YWJjZ", 4)])
def test_bytes_have_to_be_base64(text: str, at: int) -> None:
    """A secret's data that cannot be decoded is told by where it is wrong."""
    assert problems(_SECRET, {"data": {"a": text}}).mistyped == [f"illegal base64 data at input byte {at}"]
    assert problems(_SECRET, {"data": {"a": "YWJj\n"}}).mistyped == []


def test_unknown_fields_are_told_with_their_paths() -> None:
    """Each field that there is not is told with its path, positions included; a map's keys are nobody's business."""
    value = deployment({"name": "a", "imag": "b", "ports": [{"port": 1}]}, frob={"x": 1})
    value["metadata"]["annotations"] = {"any": "thing"}
    value["statuz"] = {}
    assert problems(DEPLOYMENT, value).unknown == [
        'unknown field "spec.template.spec.containers[0].imag"',
        'unknown field "spec.template.spec.containers[0].ports[0].port"',
        'unknown field "spec.frob"',
        'unknown field "statuz"',
    ]


def test_of_custom_resources_only_metadata_is_known() -> None:
    """A custom resource may be anything, but its metadata is what all metadata is."""
    value = {"apiVersion": "example.org/v1", "metadata": {"labels": {"a": 1}, "foo": 1}, "spec": {"a": [1]}}
    assert problems(CUSTOM, value) == (
        [_FIELD.format("number", "ObjectMeta.metadata.labels", "string")],
        ['unknown field "metadata.foo"'],
    )


def test_doubled_keys_are_told() -> None:
    """A parser can tell each key that a map has twice."""
    assert duplicates([("a", 1), ("b", 2), ("a", 3), ("a", 4)]) == [
        'duplicate field "a"',
        'duplicate field "a"',
    ]


def test_a_patch_is_refused_with_all_that_it_makes() -> None:
    """The refusal of a patch shows the object that it would make, as the real API does."""
    refused = invalid_patch({"data": {"a": 5}}, "why")
    assert (refused.code, refused.reason) == (422, "Invalid")
    assert refused.message == r""" "" is invalid: patch: Invalid value: "{\"data\":{\"a\":5}}": why"""
    assert refused.details["causes"][0]["field"] == "patch"


def test_what_is_empty_and_optional_is_not_stored() -> None:
    """Nulls, unknown fields, and empty lists and maps that are optional are gone; empty structs stay."""
    value = deployment(
        {"name": "a", "env": [], "args": None, "resources": {"limits": {}}, "imag": 1}, frob=1, replicas=None
    )
    value["spec"]["template"]["spec"] |= {"volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {}}
    stored = as_stored(DEPLOYMENT, value)
    assert stored["spec"] == {
        "selector": {"matchLabels": {"app": "it"}},
        "template": {
            "metadata": {"labels": {"app": "it"}},
            "spec": {
                "containers": [{"name": "a", "resources": {}}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        },
    }
    assert as_stored(CONFIG_MAP, {"data": {"a": None}}) == {"data": {"a": ""}}
    assert as_stored(CUSTOM, {"spec": {"a": None}}) == {"spec": {"a": None}}
