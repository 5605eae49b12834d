"""The parts of a webhook's call: whom it concerns, what it is asked, and what counts as an answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.rehearsal.admission.webhook_calls import CallFailed, call, seconds_of
from trunkline.rehearsal.admission.webhook_defaults import fill_webhooks
from trunkline.rehearsal.admission.webhook_reviews import BadReview, question, refusal, verdict
from trunkline.rehearsal.admission.webhook_rules import Asked, applies
from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.registry import Write

KINDS = Kinds()
RULE = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def asked(
    group: str = "apps", kind: str = "Deployment", operation: str = "CREATE", subresource: str = ""
) -> Asked:
    value = {
        "apiVersion": "apps/v1",
        "metadata": {"name": "web", "namespace": "team", "labels": {"app": "web"}},
    }
    how = Write("helm", subresource)
    found = KINDS.named(group, kind)
    is_end = operation == "DELETE"
    return Asked(found, operation, None if is_end else value, value if is_end else None, how)


@pytest.mark.parametrize(
    ("hook", "about", "applied"),
    [
        ({"rules": [RULE]}, asked(), True),
        ({"rules": []}, asked(), False),
        ({"rules": [{**RULE, "operations": ["*"]}]}, asked(operation="DELETE"), True),
        ({"rules": [RULE]}, asked(operation="UPDATE"), False),
        ({"rules": [{**RULE, "apiGroups": ["*"], "resources": ["*"]}]}, asked("", "Pod"), True),
        ({"rules": [{**RULE, "apiGroups": ["*"], "resources": ["*"]}]}, asked(subresource="status"), False),
        ({"rules": [{**RULE, "resources": ["*/*"]}]}, asked(subresource="status"), True),
        ({"rules": [{**RULE, "resources": ["deployments/*"]}]}, asked(subresource="status"), True),
        ({"rules": [{**RULE, "resources": ["*/scale"]}]}, asked(subresource="status"), False),
        ({"rules": [{**RULE, "apiVersions": ["v1beta1"]}]}, asked(), False),
        ({"rules": [{**RULE, "scope": "Cluster"}]}, asked(), False),
        ({"rules": [{**RULE, "scope": "Namespaced"}]}, asked(), True),
        ({"rules": [RULE], "namespaceSelector": {"matchLabels": {"team": "a"}}}, asked(), True),
        ({"rules": [RULE], "namespaceSelector": {"matchLabels": {"team": "b"}}}, asked(), False),
        ({"rules": [RULE], "objectSelector": {"matchLabels": {"app": "web"}}}, asked(), True),
        ({"rules": [RULE], "objectSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, asked(), False),
        ({"rules": 3, "namespaceSelector": 3}, asked(), False),
    ],
)  # fmt: skip
def test_whom_it_concerns(hook: dict[str, Any], about: Asked, applied: bool) -> None:
    """A webhook is asked about what its rules and selectors name."""
    assert applies(hook, about, {"team": "a"}) is applied


def test_defaults() -> None:
    """A configuration says what it leaves to be concluded."""
    value: dict[str, Any] = {
        "kind": "MutatingWebhookConfiguration",
        "webhooks": [{"rules": [{}], "clientConfig": {"service": {}}}],
    }
    fill_webhooks(value)
    assert value["webhooks"] == [
        {
            "rules": [{"scope": "*"}], "clientConfig": {"service": {"port": 443}}, "failurePolicy": "Fail",
            "matchPolicy": "Equivalent", "timeoutSeconds": 10, "namespaceSelector": {}, "objectSelector": {},
            "reinvocationPolicy": "Never",
        }
    ]  # fmt: skip


def answer(review: dict[str, Any], **response: Any) -> bytes:
    found = {"uid": review["request"]["uid"], "allowed": True, **response}
    return json.dumps({**review, "response": found}).encode()


PATCH = base64.b64encode(b'[{"op":"add","path":"/a","value":1}]').decode()


@pytest.mark.parametrize(
    ("response", "may_change", "said"),
    [
        ({"uid": "x"}, False, 'expected response.uid="[-0-9a-f]{36}", got "x"'),
        ({"patch": PATCH}, False, r"validating webhook may not return response\.patch"),
        ({"patch": PATCH}, True, r"webhook returned response\.patch but not response\.patchType"),
        ({"patchType": "JSONPatch"}, True, r"webhook returned response\.patchType but not response\.patch"),
        ({"patch": PATCH, "patchType": "Merge"}, True, r'invalid response\.patchType of "Merge"'),
        ({"patch": "!", "patchType": "JSONPatch"}, True, "the patch cannot be read"),
    ],
)
def test_answers_that_are_none(response: dict[str, Any], may_change: bool, said: str) -> None:
    """An answer that does not fit its question is none."""
    review = question({}, asked())
    with pytest.raises(BadReview, match=said):
        verdict(review, answer(review, **response), may_change=may_change)


def test_old_reviews() -> None:
    """A webhook that knows v1beta1 alone is asked in it, and need not repeat the question's uid."""
    review = question({"admissionReviewVersions": ["v1beta1"]}, asked())
    assert review["apiVersion"] == "admission.k8s.io/v1beta1"
    found = verdict(review, answer(review, uid="", patch=PATCH), may_change=True)
    assert found.patch == [{"op": "add", "path": "/a", "value": 1}]
    with pytest.raises(
        BadReview, match=r"expected webhook response of admission\.k8s\.io/v1beta1, Kind=AdmissionReview"
    ):
        verdict(review, json.dumps({"apiVersion": "x/v1", "response": {}}).encode(), may_change=True)


def test_question() -> None:
    """A question tells who does what to which object."""
    found = question({"admissionReviewVersions": ["v2", "v1"]}, asked(operation="DELETE"))["request"]
    assert found["object"] is None
    assert found["oldObject"]["metadata"]["name"] == found["name"] == "web"
    assert (found["namespace"], found["operation"], found["dryRun"]) == ("team", "DELETE", False)
    assert found["resource"] == {"group": "apps", "version": "v1", "resource": "deployments"}


@pytest.mark.parametrize(
    ("status", "code", "reason", "message"),
    [
        ({"message": "unsigned", "code": 403}, 403, "", "denied the request: unsigned"),
        ({"reason": "Because", "code": 422}, 422, "Because", "denied the request: Because"),
        ({}, 400, "", "denied the request without explanation"),
        ({"code": 200}, 400, "", "denied the request without explanation"),
        ({"code": "x", "details": 3}, 400, "", "denied the request without explanation"),
    ],
)
def test_refusals(status: Any, code: int, reason: str, message: str) -> None:
    """A refusal is told as the API server tells it."""
    found = refusal("a.b.c", status)
    assert (found.code, found.reason, found.message) == (code, reason, f'admission webhook "a.b.c" {message}')


@given(
    st.binary(max_size=64)
    | JSON.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps({"response": value}).encode())
)
def test_any_answer(body: bytes) -> None:
    """No answer breaks it."""
    review = question({"admissionReviewVersions": ["v1beta1"]}, asked())
    try:
        found = verdict({**review, "apiVersion": "admission.k8s.io/v1beta1"}, body, may_change=True)
    except BadReview:
        return
    assert found.allowed in {True, False}


@given(JSON)
def test_any_hook(value: Any) -> None:
    """No configuration breaks it."""
    hook = value if isinstance(value, dict) else {"rules": [value], "namespaceSelector": value}
    fill_webhooks({"webhooks": [hook]})
    applies(hook, asked(), {})
    assert 1 <= seconds_of({"timeoutSeconds": value}) <= 30


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://hooks.example.com/x", r'Post "https://hooks\.example\.com/x\?timeout=1s": dial tcp: lookup hooks\.example\.com: no such host'),
        ("https://192.0.2.7/x", "dial tcp 192.0.2.7:443: connect: network is unreachable"),
        ("https://127.0.0.1:9/x", "dial tcp 127.0.0.1:9: connect: connection refused"),
        ("https://127.0.0.1:x/", "Post"),
        ("https://[::1/", "Post"),
        ("", "lookup : no such host"),
        ("https://127.0.0.1:9/\n", "Post"),
    ],
)  # fmt: skip
def test_calls_that_fail(url: str, said: str) -> None:
    """Only this machine is called, and what fails is told as Go tells it."""
    with pytest.raises(CallFailed, match=said):
        call(url, None, b"", 1)


def test_authority_that_is_none() -> None:
    """A bundle that holds no certificate fails the call."""
    with pytest.raises(CallFailed, match="unable to load root certificates"):
        call("https://127.0.0.1:9/", "bm9uc2Vuc2U=", b"", 1)
