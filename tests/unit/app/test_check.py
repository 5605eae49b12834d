"""Trying everything that a deployment will need."""

from __future__ import annotations

import pytest

from tests.fakes.projects import a_project, an_environment
from tests.fakes.world import FakeWorld, fake_world
from trunkline.app.check import Finding, check_online
from trunkline.app.release import plan, release
from trunkline.config.checks import HelmTest, HttpCheck
from trunkline.config.project import GateSettings, ImageSettings
from trunkline.domain.vulnerabilities.policy import Policy
from trunkline.errors import TrunklineError, Unreachable, UsageError

NO_GATE = "no image is looked at for known vulnerabilities before it is deployed"


@pytest.fixture
def fake() -> FakeWorld:
    return fake_world(a_project(environments=(an_environment("dev"),)))


def test_everything_works(fake: FakeWorld) -> None:
    """Every part is tried once, and each says how it answered."""
    found = check_online(fake.world, lambda: "Datadog takes the key.")
    assert [(item.role, item.name, item.good, item.text) for item in found] == [
        ("git", "commit", True, "0123456"),
        ("builder", "any", True, "fake works"),
        ("registry", "registry.example", True, "registry.example answers."),
        ("gate", "vulnerabilities", True, f"none is configured: {NO_GATE}"),
        ("chart and values", "dev", True, "backend-1.0.0 with 2 values layers"),
        ("helm", "dev", True, "Helm v4.0.0"),
        ("cluster", "dev", True, "Kubernetes v1.31.0, and the credentials may deploy to team-dev"),
        ("sink", "datadog", True, "Datadog takes the key."),
    ]


def test_what_is_not_configured_is_not_tried() -> None:
    """Without a repository and a sink neither is asked about."""
    fake = fake_world(a_project(image=ImageSettings(None), environments=()))
    assert [item.role for item in check_online(fake.world, None)] == ["git", "builder", "gate"]


def test_every_trouble_is_told_at_once(fake: FakeWorld) -> None:
    """What is wrong with one part hides nothing about the others, and each says how to mend it."""
    fake.registry.trouble = "The registry does not answer."
    fake.cluster.trouble = "The cluster does not answer."
    fake.storage.trouble = "S3 does not answer."

    def refuse() -> str:
        raise Unreachable("The key is wrong.", "Set DD_API_KEY.")

    bad = [item for item in check_online(fake.world, refuse) if not item.good]
    assert [item.text for item in bad] == [
        "The registry does not answer.",
        "S3 does not answer.",
        "The cluster does not answer.",
        "The key is wrong.",
    ]
    assert bad[-1] == Finding("sink", "datadog", good=False, text="The key is wrong.", mend="Set DD_API_KEY.")


def test_rights_that_are_missing(fake: FakeWorld) -> None:
    """Credentials that may look but not deploy are said, with what is missing."""
    fake.cluster.denied.add(("create", "leases"))
    [bad] = [item for item in check_online(fake.world, None) if not item.good]
    assert bad.text == (
        "Kubernetes v1.31.0 answers, but these credentials may not create leases in namespace team-dev."
    )
    assert "a role" in bad.mend


@pytest.fixture
def forwarding() -> FakeWorld:
    """The checks of dev ask a Service; kubectl is here."""
    checks = (HttpCheck("it answers", service="sample", port="http"), HelmTest("helm test"))
    fake = fake_world(a_project(environments=(an_environment("dev", checks=checks),)))
    fake.processes.installed += ("kubectl",)
    return fake


def test_what_checks_need_is_tried(forwarding: FakeWorld) -> None:
    """The checks of an environment are named, and what they need is there."""
    found = check_online(forwarding.world, None)
    assert Finding("checks", "dev", good=True, text="it answers, helm test") in found
    assert all(item.good for item in found)


def test_the_right_to_forward_is_asked_for(forwarding: FakeWorld) -> None:
    """Credentials that may deploy, and not open a way to a Service, are said before a check fails."""
    forwarding.cluster.denied.add(("create", "pods/portforward"))
    [bad] = [item for item in check_online(forwarding.world, None) if not item.good]
    assert "may not create pods/portforward in namespace team-dev" in bad.text


def test_no_kubectl(forwarding: FakeWorld) -> None:
    """A check that needs kubectl where there is none is said, and stops a release before anything is done."""
    forwarding.processes.installed = ("sh",)
    [bad] = [item for item in check_online(forwarding.world, None) if not item.good]
    assert (bad.role, bad.text) == (
        "checks",
        "A check of dev asks a Service through kubectl, and kubectl is not on PATH.",
    )
    forwarding.pushed()
    for use_case in (release, plan):
        with pytest.raises(UsageError, match="kubectl is not on PATH"):
            use_case(forwarding.world, "dev")
    assert not forwarding.ledger.attempts()


def test_a_fault_is_not_hidden(fake: FakeWorld) -> None:
    """What is no expected failure is not reported as one."""

    def fault() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        check_online(fake.world, fault)
    assert not issubclass(ZeroDivisionError, TrunklineError)


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (GateSettings(Policy()), "images are judged by what the image's registry says, within 10m"),
        (
            GateSettings(Policy(), url="https://quay.example"),
            "images are judged by what https://quay.example says",
        ),
        (GateSettings(Policy(), scanner="reports"), "images are judged by what reports says"),
    ],
)
def test_the_gate_is_told(gate: GateSettings, told: str) -> None:
    """Who checks a project learns whether anybody looks for vulnerabilities, and who."""
    fake = fake_world(a_project(gate=gate))
    [found] = [item for item in check_online(fake.world, None) if item.role == "gate"]
    assert found.text.startswith(told)
