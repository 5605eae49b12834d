"""A client over whatever HTTP a test brings."""

from __future__ import annotations

from tests.fakes.clock import FakeClock
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.kubernetes.access import Access, Login
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock, Http, Processes

SERVER = "https://10.0.0.1:6443"


def make_client(
    http: Http,
    *,
    clock: Clock | None = None,
    login: Login | None = None,
    processes: Processes | None = None,
    redactor: Redactor | None = None,
    server: str = SERVER,
) -> KubernetesClient:
    clock, redactor = clock or FakeClock(), redactor or Redactor()
    access = Access(server, "qa", "/home/me/.kube/config", login=login or Login())
    none_installed = FakeProcesses(lambda _: (0, "", ""))
    credentials = Credentials(access, processes or none_installed, clock, redactor)
    return KubernetesClient(access, credentials, lambda _: http, clock, redactor)
