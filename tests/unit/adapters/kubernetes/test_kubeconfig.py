"""Reading kubeconfigs: merged as kubectl does, every mistake a sentence, no secret in any of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.adapters.kubernetes.kubeconfig import load
from trunkline.domain.releases import ClusterTarget
from trunkline.errors import UsageError

CA = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
SECRET = "s3cret-t0ken-value"


def config(**changes: Any) -> dict[str, Any]:
    """A kubeconfig with the context `qa`; `cluster`, `user` and `context` change its entries."""
    cluster = {"server": "https://10.0.0.1:6443/", **changes.get("cluster", {})}
    user = {"token": SECRET, **changes.get("user", {})}
    context = {"cluster": "c", "user": "u", **changes.get("context", {})}
    return {
        "current-context": "qa",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "qa", "context": context}],
    }


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def explicit(path: Path, context: str | None = None) -> ClusterTarget:
    return ClusterTarget(str(path), context)


def mistake(path: Path, context: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        load(explicit(path, context), {}, path.parent)
    said = f"{caught.value.message} {caught.value.hint}"
    assert SECRET not in said
    assert str(path) in said
    return said


def test_explicit_file(tmp_path: Path) -> None:
    """A file given by name is read alone, whatever KUBECONFIG says."""
    access = load(explicit(write(tmp_path / "a", config())), {"KUBECONFIG": "/nowhere"}, tmp_path)
    assert (access.server, access.context, access.login.token) == ("https://10.0.0.1:6443", "qa", SECRET)


def test_explicit_file_in_home(tmp_path: Path) -> None:
    """A path that begins with ~ lies in the home directory."""
    write(tmp_path / "clusters/qa", config())
    assert load(ClusterTarget("~/clusters/qa"), {}, tmp_path).context == "qa"


def test_home_file(tmp_path: Path) -> None:
    """Without KUBECONFIG the file in the home directory is taken."""
    write(tmp_path / ".kube/config", config())
    assert load(ClusterTarget(), {}, tmp_path).context == "qa"


def test_yaml(tmp_path: Path) -> None:
    """A kubeconfig in YAML means the same as one in JSON."""
    path = write(
        tmp_path / "a",
        "current-context: x\ncontexts:\n- {name: x, context: {cluster: c}}\n"
        "clusters:\n- name: c\n  cluster:\n    server: http://127.0.0.1:8001\n    extensions: null\n",
    )
    assert load(explicit(path), {}, tmp_path).server == "http://127.0.0.1:8001"


def test_merging(tmp_path: Path) -> None:
    """In a list of files the first to name a thing wins, missing files are passed over, and entries may refer to one another."""
    first = write(tmp_path / "1", {"users": [{"name": "u", "user": {"token": "first"}}]})
    second = write(tmp_path / "2", config(user={"token": "second"}))
    third = write(tmp_path / "3", {**config(cluster={"server": "https://other"}), "current-context": "other"})
    listed = f"{tmp_path}/missing:{first}::{second}:{third}:{first}"
    access = load(ClusterTarget(), {"KUBECONFIG": listed}, tmp_path)
    assert (access.server, access.login.token) == ("https://10.0.0.1:6443", "first")
    assert access.source == str(second)


def test_certificates(tmp_path: Path) -> None:
    """Certificates come from data, or from files beside the kubeconfig; data wins."""
    write(tmp_path / "pki/client.crt", "client certificate")
    write(tmp_path / "pki/client.key", "client key")
    encoded = base64.b64encode(CA.encode()).decode()
    cluster = {
        "certificate-authority-data": encoded,
        "certificate-authority": "missing",
        "tls-server-name": "kube",
    }
    user = {"client-certificate": "pki/client.crt", "client-key": str(tmp_path / "pki/client.key")}
    tls = load(explicit(write(tmp_path / "a", config(cluster=cluster, user=user))), {}, tmp_path).tls
    assert (tls.ca, tls.certificate, tls.key) == (CA, "client certificate", "client key")
    assert (tls.verify, tls.server_name, tls.proxy) == (True, "kube", None)


def test_insecure_and_proxy(tmp_path: Path) -> None:
    """Verification ends only where a person wrote so, and a proxy is the one written there."""
    cluster = {"insecure-skip-tls-verify": True, "proxy-url": "http://proxy:3128"}
    tls = load(explicit(write(tmp_path / "a", config(cluster=cluster))), {}, tmp_path).tls
    assert (tls.verify, tls.proxy) == (False, "http://proxy:3128")


def test_impersonation(tmp_path: Path) -> None:
    """`as` and one of `as-groups` become the headers that the API server knows."""
    user = {"as": "deployer", "as-groups": ["ci"]}
    access = load(explicit(write(tmp_path / "a", config(user=user))), {}, tmp_path)
    assert access.login.impersonation == {"Impersonate-User": "deployer", "Impersonate-Group": "ci"}


def test_exec_plugin(tmp_path: Path) -> None:
    """An exec plugin with a relative path lies beside the kubeconfig, and learns of the cluster when it wants to."""
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./bin/login",
        "args": ["token"],
        "env": [{"name": "PROFILE", "value": "qa"}],
        "provideClusterInfo": True,
        "interactiveMode": "IfAvailable",
        "installHint": "apt install login",
    }
    found = load(explicit(write(tmp_path / "a", config(user={"exec": plugin}))), {}, tmp_path).login.plugin
    assert found is not None
    assert found.command == str(tmp_path / "bin/login")
    assert (found.args, found.environment, found.install_hint) == (
        ("token",),
        {"PROFILE": "qa"},
        "apt install login",
    )
    assert found.cluster == {"server": "https://10.0.0.1:6443/"}


def test_in_cluster(tmp_path: Path) -> None:
    """In a pod without a kubeconfig the service account is taken, without any proxy."""
    write(tmp_path / "sa/token", "pod-token")
    write(tmp_path / "sa/ca.crt", CA)
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = load(ClusterTarget(), environ, tmp_path, tmp_path / "sa")
    assert access.server == "https://[fd00::1]:443"
    assert (access.tls.ca, access.tls.proxy, access.login.token_file) == (CA, "", tmp_path / "sa/token")


def test_a_named_context_never_means_the_pod(tmp_path: Path) -> None:
    """Who names a context does not get the pod's own cluster instead."""
    write(tmp_path / "sa/token", "pod-token")
    write(tmp_path / "sa/ca.crt", CA)
    with pytest.raises(UsageError, match="no kubeconfig"):
        load(ClusterTarget(None, "prod"), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path, tmp_path / "sa")


def test_no_kubeconfig(tmp_path: Path) -> None:
    """Without any kubeconfig the message says where it was looked for."""
    with pytest.raises(UsageError, match=str(tmp_path / ".kube/config")):
        load(ClusterTarget(), {}, tmp_path, tmp_path / "none")


def test_unknown_context(tmp_path: Path) -> None:
    """An unknown context is answered with those that are known."""
    path = write(tmp_path / "a", config())
    assert "no context 'prod'" in mistake(path, "prod")
    with pytest.raises(UsageError) as caught:
        load(explicit(path, "prod"), {}, tmp_path)
    assert caught.value.hint == "Known are qa."


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "names no current context"),
        ("[1, 2]", "holds no mapping"),
        ("{", "is not JSON (line 1)"),
        ("a: [" + "\n" * 4, "is not YAML (line"),
        ("a: 2024-99-99", "is not text, or is nested too deeply"),
        ("{" + '"a":{' * 100_000, "nested too deeply"),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("? " * 10_000, "nested too deeply"),
        ({"clusters": 3}, "clusters in"),
        ({"users": [{"user": {}}]}, "An entry of users in"),
        ({"users": [{"name": "u", "user": SECRET}]}, "User 'u' in"),
        (config(context={"cluster": "nope"}), "names the cluster 'nope', which"),
        (config(context={"user": "nope"}), "names the user 'nope', which"),
        (config(context={"cluster": None}), "names no cluster"),
        (config(cluster={"server": "10.0.0.1"}), "has no server of the form"),
        (config(cluster={"server": "https://[bad"}), "has no server of the form"),
        (config(cluster={"server": 4}), "has a server that is not text"),
        (config(cluster={"insecure-skip-tls-verify": "yes"}), "neither true nor false"),
        (config(cluster={"certificate-authority-data": "%%%"}), "not PEM in base64"),
        (config(cluster={"certificate-authority": "nope.crt"}), "which cannot be read: No such file"),
        (config(user={"client-key-data": base64.b64encode(b"k").decode()}), "only one of client-certificate"),
        (config(user={"token": [SECRET]}), "has a token that is not text"),
        (config(user={"auth-provider": {"name": "gcp"}}), "which Kubernetes removed"),
        (config(user={"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1"}}), "known are"),
        (config(user={"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}), "names no command"),
        (
            config(
                user={
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "x",
                        "interactiveMode": "Always",
                    }
                }
            ),
            "wants a terminal",
        ),
        (config(user={"as-groups": ["a", "b"], "as": "x"}), "several groups"),
        (config(user={"as-groups": ["a"]}), "without a user"),
    ],
)
def test_mistakes(tmp_path: Path, document: object, words: str) -> None:
    """Each mistake is a sentence that names the file and what is wrong, without any secret."""
    assert words in mistake(write(tmp_path / "config", document))


def test_unreadable_file(tmp_path: Path) -> None:
    """A directory, a missing file and bytes that are no text are told by their path."""
    assert "cannot be read" in mistake(tmp_path / "missing")
    (tmp_path / "folder").mkdir()
    assert "cannot be read: Is a directory" in mistake(tmp_path / "folder")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "is not text" in mistake(tmp_path / "binary")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    place=st.sampled_from(["clusters", "users", "contexts", "cluster", "user", "context", "exec"]),
    key=st.sampled_from(
        [
            "server",
            "token",
            "tokenFile",
            "exec",
            "env",
            "args",
            "command",
            "as-groups",
            "cluster",
            "extensions",
        ]
    ),
    value=JSON,
)
def test_hostile_values(tmp_path: Path, place: str, key: str, value: Any) -> None:
    """Whatever stands where something else should is either read or told as a mistake, never a fault."""
    document = config()
    if place in document:
        document[place] = value
    elif place == "exec":
        plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", key: value}
        document["users"][0]["user"]["exec"] = plugin
    else:
        document[f"{place}s"][0][place][key] = value
    try:
        load(explicit(write(tmp_path / "config", document)), {}, tmp_path)
    except UsageError as error:
        assert error.hint  # noqa: PT017 - both ends are fine, but an error must help


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_hostile_text(tmp_path: Path, text: str) -> None:
    """Any text at all is a mistake in the kubeconfig, never a fault."""
    with pytest.raises(UsageError):
        load(explicit(write(tmp_path / "config", text)), {}, tmp_path)
