"""`connect` is free, and a mistake shows at the first use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.http import ScriptedHttp, json_response
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.fakes.processes import FakeProcesses
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes import KubernetesCluster, connect
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.errors import UsageError
from trunkline.ports import Cluster, Http, LeaseHolder, TlsSettings


def connected(home: Path, http: Http, redactor: Redactor | None = None) -> Cluster:
    def factory(_: TlsSettings) -> Http:
        return http

    processes = FakeProcesses(lambda _: (0, "", ""))
    return connect(ClusterTarget(), {}, home, factory, processes, FakeClock(), redactor or Redactor())


def write_kubeconfig(home: Path) -> None:
    document = {
        "current-context": "qa",
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443/k8s/clusters/x/"}}],
        "users": [{"name": "u", "user": {"token": "s3cret-token"}}],
        "contexts": [{"name": "qa", "context": {"cluster": "c", "user": "u"}}],
    }
    (home / ".kube").mkdir()
    (home / ".kube/config").write_text(json.dumps(document))


def test_connecting_is_lazy(tmp_path: Path) -> None:
    """The kubeconfig is read at the first use, and only then its absence is an error."""
    http = ScriptedHttp(json_response({"gitVersion": "v1.31.0"}))
    cluster = connected(tmp_path, http)
    with pytest.raises(UsageError, match="There is no kubeconfig"):
        cluster.version()
    write_kubeconfig(tmp_path)
    assert cluster.version() == "v1.31.0"
    assert http.requests[0].url == "https://10.0.0.1:6443/k8s/clusters/x/version"
    assert http.requests[0].headers["Authorization"] == "Bearer s3cret-token"


def test_tokens_are_learned(tmp_path: Path) -> None:
    """A kubeconfig's token is hidden as soon as it was read."""
    write_kubeconfig(tmp_path)
    redactor = Redactor()
    connected(tmp_path, ScriptedHttp(json_response({})), redactor).version()
    assert redactor.text("s3cret-token") == "*****"


def test_not_allowed() -> None:
    """What the server does not allow is not allowed; what it does not answer is neither."""
    http = ScriptedHttp(
        json_response({"status": {"allowed": False}}, 201), json_response({"status": None}, 201)
    )
    cluster = _over(http)
    assert not cluster.allowed("qa", "create", "apps", "deployments")
    assert not cluster.allowed("qa", "create", "apps", "deployments")
    asked = json.loads(http.requests[0].body or b"")["spec"]["resourceAttributes"]
    assert asked == {"namespace": "qa", "verb": "create", "group": "apps", "resource": "deployments"}


def test_a_holders_description_hides_secrets() -> None:
    """Nobody reads a secret in a lease, even if a job's own name holds one."""
    api = FakeKubernetesApi()
    api.put("/api/v1/namespaces/qa", {"metadata": {}})
    target = ReleaseTarget(ClusterTarget(), "qa", "sample")
    with _over(api).lease(target, LeaseHolder("run-1", "job s3cret-value")):
        lease = api.at("/apis/coordination.k8s.io/v1/namespaces/qa/leases/trunkline-sample")
    assert lease["metadata"]["annotations"]["trunkline.dev/holder-description"] == "job *****"


def _over(http: Http) -> KubernetesCluster:

    return KubernetesCluster(lambda: make_client(http), FakeClock(), Redactor(["s3cret-value"]))
