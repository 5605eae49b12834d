"""What Helm and the API say when they refuse, as both Helms were heard to say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.refusals import cause_of_refusal
from trunkline.domain.rollouts import Cause


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (('UPGRADE FAILED: cannot patch "web" with kind Deployment: Deployment.apps "web" is invalid: spec.selector: Invalid value: '
         'v1.LabelSelector{MatchLabels:map[string]string{"app":"b"}}: field is immutable'), Cause.IMMUTABLE_FIELD),
        (('UPGRADE FAILED: server-side apply failed for object team/web apps/v1, Kind=Deployment: Deployment.apps "web" is '
         "invalid: spec.selector: Invalid value: v1.LabelSelector{}: field is immutable"), Cause.IMMUTABLE_FIELD),
        (('Unable to continue with install: ConfigMap "theirs" in namespace "team" exists and cannot be imported into the '
         "current release: invalid ownership metadata"), Cause.OWNED_ELSEWHERE),
        (("UPGRADE FAILED: conflict occurred while applying object team/web apps/v1, Kind=Deployment: Apply failed with 1 "
         'conflict: conflict with "someone" using apps/v1: .spec.template'), Cause.OWNED_ELSEWHERE),
        ('resource mapping not found for name: "n" namespace: "": no matches for kind "Nope" in version "example.com/v1"',
         Cause.KIND_UNKNOWN),
        ('error validating "": error validating data: ValidationError(Deployment.spec): unknown field "replicaz"',
         Cause.INVALID_OBJECT),
        ('Service "Bad_Name" is invalid: [metadata.name: Invalid value: "Bad_Name": a DNS-1035 label]', Cause.INVALID_OBJECT),
        ("server-side apply failed for object team/x /v1, Kind=Service: failed to create typed patch object: .spec.ports",
         Cause.INVALID_OBJECT),
        ('unable to decode "": json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string',
         Cause.INVALID_OBJECT),
        ("YAML parse error on web/templates/a.yaml: error converting YAML to JSON: yaml: mapping values are not allowed",
         Cause.CHART_INVALID),
        ("execution error at (tpl/templates/a.yaml:1:3): image is needed", Cause.CHART_INVALID),
        ('nilp/templates/a.yaml:1:13\n  executing "nilp/templates/a.yaml" at <.Values.x.y.z>:\n    nil pointer',
         Cause.CHART_INVALID),
        ("values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- (root): image is required",
         Cause.CHART_INVALID),
        ("failed pre-install: 1 error occurred:\n\t* timed out waiting for the condition", Cause.HOOK_FAILED),
        ("pre-upgrade hooks failed: job failed: BackoffLimitExceeded", Cause.HOOK_FAILED),
        ('pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0', Cause.QUOTA),
        (('query: failed to query with labels: secrets is forbidden: User "system:serviceaccount:team:weak" cannot list '
         'resource "secrets" in API group ""'), Cause.FORBIDDEN),
        (('secrets "sh.helm.release.v1.q.v2" is forbidden: unable to create new content in namespace team because it is being '
         "terminated"), Cause.NAMESPACE_TERMINATING),
        ('admission webhook "policy.example.com" denied the request: spec.x: Invalid value', Cause.ADMISSION),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', Cause.ADMISSION),
        ('Internal error occurred: failed calling webhook "w.example.com": connection refused', Cause.ADMISSION),
        ("another operation is in progress", Cause.HELM_FAILED),
    ],
)  # fmt: skip
def test_the_words_of_helm_and_the_api(said: str, cause: Cause) -> None:
    """Each refusal has its own cause, and says what to do next."""
    found, advice = cause_of_refusal(said)
    assert found is cause
    assert advice


@given(st.text(max_size=80))
def test_any_text_has_a_cause(said: str) -> None:
    """Whatever Helm says, there is a cause and an advice."""
    cause, advice = cause_of_refusal(said)
    assert isinstance(cause, Cause)
    assert advice
