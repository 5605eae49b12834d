"""Ways into a cluster through kubectl: what it is asked, and what becomes of its words."""

from __future__ import annotations

import pytest

from tests.fakes.processes import FakeProcesses
from trunkline.adapters.kubectl import KubectlForwarding
from trunkline.domain.releases import ClusterTarget
from trunkline.errors import Unreachable, UsageError

READY = "Forwarding from 127.0.0.1:40123 -> 8000\n"


def test_the_port_that_kubectl_chose() -> None:
    """The local port is read from kubectl's line, and kubectl works exactly as long as it is needed."""
    processes = FakeProcesses(lambda _: (0, READY, ""), "kubectl")
    forwarding = KubectlForwarding(ClusterTarget("/kube/qa.yaml", "qa"), processes)
    with forwarding.to_service("team-qa", "sample", "http") as port:
        assert port == 40123
        [command] = processes.at_work
    assert processes.at_work == []
    assert command.argv == (
        *("kubectl", "port-forward", "service/sample", ":http"),
        *("--address", "127.0.0.1", "--namespace", "team-qa", "--context", "qa"),
    )
    assert command.environment == {"KUBECONFIG": "/kube/qa.yaml"}


def test_the_current_context_is_not_named() -> None:
    """Without a context and a kubeconfig, kubectl takes its own."""
    processes = FakeProcesses(lambda _: (0, READY, ""), "kubectl")
    with KubectlForwarding(ClusterTarget(), processes).to_service("team-qa", "sample", "80"):
        [command] = processes.at_work
    assert "--context" not in command.argv
    assert command.environment == {}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            (1, 'Error from server (NotFound): services "sample" not found\n', ""),
            'kubectl opened no way to port 80 of service/sample in namespace team-qa: Error from server (NotFound): services "sample" not found',
        ),
        ((1, "", ""), "it said nothing"),
        (
            (0, "still looking\n", ""),
            "did not open a way to port 80 of service/sample in namespace team-qa within 20 s",
        ),
    ],
    ids=["refused", "silent", "too slow"],
)
def test_a_way_that_kubectl_does_not_open(answer: tuple[int, str, str], sentence: str) -> None:
    """A kubectl that ends or hangs is a sentence with its own words."""
    forwarding = KubectlForwarding(ClusterTarget(), FakeProcesses(lambda _: answer, "kubectl"))
    with pytest.raises(Unreachable) as caught, forwarding.to_service("team-qa", "sample", "80"):
        pass
    assert sentence in caught.value.message


def test_no_kubectl() -> None:
    """Without kubectl there is no way in, and the error says what is missing."""
    forwarding = KubectlForwarding(ClusterTarget(), FakeProcesses(lambda _: (0, "", "")))
    with (
        pytest.raises(UsageError, match="kubectl is not installed"),
        forwarding.to_service("team-qa", "sample", "80"),
    ):
        pass
