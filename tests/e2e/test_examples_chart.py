"""The examples that a reader copies, held to their word by the real Helm 4 and Helm 3."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev import tools

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CHART = EXAMPLES / "charts" / "backend"
SAMPLE = EXAMPLES / "sample"
SECOND_COMMIT = SAMPLE / "demo" / "second-commit.patch"
DIGEST = "sha256:" + "4f2a91c0" * 8
PINNED: dict[str, Any] = {"image": {"repository": "registry.example/acme/sample", "tag": "4f2a91c"}}
ENVIRONMENTS = {"dev": (1, 30081), "qa": (1, 30082), "prod": (2, 30083)}

# As a service of the article's team has them: every parameter spelled out, most of them empty.
ARTICLE = """\
---
# Name of pod
name: sample
replicas: 3
image:
  repository: quay.io/acme/sample
  tag: latest
  pullPolicy: Always
  containerPort: 8000
  pullSecret: None
  revisionHistoryLimit: 3
command: {}
service:
  name: sample
  protocol: TCP
  port: 8000
  targetPort: 8000
livenessProbe: {}
labels:
  app: sample
  component: sample
environment:
  secret: {}
  plain: {}
  configMap: {}
autoscaling: {}
"""

Manifests = dict[str, dict[str, Any]]


@cache
def _helm_path(major: int) -> Path:
    return tools.helm(major)


@dataclass(frozen=True)
class Helm:
    """One real Helm, run as a person would."""

    binary: Path
    scratch: Path

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Helm away from any configuration of whoever runs the tests."""
        homes = {f"HELM_{name}_HOME": str(self.scratch / name) for name in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            [str(word) for word in (self.binary, *words)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.scratch), **homes},
        )

    def layer(self, values: Mapping[str, Any] | str) -> Path:
        """A values layer as a file."""
        path = self.scratch / f"values-{len(list(self.scratch.glob('values-*')))}.yaml"
        path.write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
        return path

    def template(
        self,
        *layers: Mapping[str, Any] | str | Path,
        release: str = "web",
        kubernetes: str = "1.34.0",
        valid: bool = True,
    ) -> str:
        """What the chart renders, or with `valid=False` what Helm says against it."""
        files = [layer if isinstance(layer, Path) else self.layer(layer) for layer in layers]
        flags = [word for file in files for word in ("--values", file)]
        done = self.run("template", release, CHART, "--kube-version", kubernetes, *flags)
        assert (done.returncode == 0) is valid, done.stderr or done.stdout
        return done.stdout if valid else done.stderr

    def render(
        self, *layers: Mapping[str, Any] | str | Path, release: str = "web", kubernetes: str = "1.34.0"
    ) -> Manifests:
        """The rendered objects by kind; the chart never renders two of one kind."""
        text = self.template(*layers, release=release, kubernetes=kubernetes)
        objects = [found for found in yaml.safe_load_all(text) if found]
        manifests = {found["kind"]: found for found in objects}
        assert len(manifests) == len(objects)
        return manifests

    def container(
        self, *layers: Mapping[str, Any] | str | Path, kubernetes: str = "1.34.0"
    ) -> dict[str, Any]:
        """The pod's only container."""
        return only_container(self.render(*layers, kubernetes=kubernetes))


def only_container(manifests: Manifests) -> dict[str, Any]:
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def image(**values: Any) -> dict[str, Any]:
    return {"image": {**PINNED["image"], **values}}


@pytest.fixture(params=[4, 3], ids=["helm4", "helm3"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    return Helm(_helm_path(request.param), tmp_path)


@pytest.fixture
def sample_repo(tmp_path: Path) -> Path:
    """The sample as a repository of its own, as a reader would have it."""
    repo = tmp_path / "sample"
    shutil.copytree(SAMPLE, repo, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    _git(repo, "init", "--quiet")
    return repo


def _git(repo: Path, *words: str | Path) -> None:
    done = subprocess.run(
        ["git", "-C", str(repo), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _python(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **environ},
    )


@pytest.mark.parametrize("layers", [(), ("base", "dev"), ("base", "qa"), ("base", "prod")], ids="-".join)
def test_lint_is_clean(helm: Helm, layers: tuple[str, ...]) -> None:
    """`helm lint --strict` finds nothing, neither in the bare chart nor with the sample's values."""
    files = [word for name in layers for word in ("--values", SAMPLE / "values" / f"{name}.yaml")]
    done = helm.run("lint", "--strict", CHART, *files)
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "registry.example/acme/sample:4f2a91c"),
        ({"digest": DIGEST}, f"registry.example/acme/sample:4f2a91c@{DIGEST}"),
        ({"digest": ""}, "registry.example/acme/sample:4f2a91c"),
        ({"digest": None}, "registry.example/acme/sample:4f2a91c"),
        ({"tag": "", "digest": DIGEST}, f"registry.example/acme/sample@{DIGEST}"),
        ({"repository": "127.0.0.1:5000/acme/sample"}, "127.0.0.1:5000/acme/sample:4f2a91c"),
        ({"tag": "0123456"}, "registry.example/acme/sample:0123456"),
    ],
)
def test_the_image_is_pinned(helm: Helm, values: dict[str, Any], expected: str) -> None:
    """The pod's image is repository:tag@digest with a digest, and repository:tag without one."""
    assert helm.container(image(**values))["image"] == expected


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "image.repository"),
        ({"image": {"repository": "registry.example/acme/sample"}}, "image.tag"),
    ],
)
def test_no_image_no_deployment(helm: Helm, values: dict[str, Any], named: str) -> None:
    """Without a repository, or with neither tag nor digest, nothing is rendered and the message names what is missing."""
    assert named in helm.template(values, valid=False)


@pytest.mark.parametrize("kubernetes", ["1.20.2", "1.23.0", "1.37.1"])
def test_the_articles_values_are_accepted(helm: Helm, kubernetes: str) -> None:
    """Values as the article's services have them, empty maps and a pull secret `None` included, need no change."""
    manifests = helm.render(ARTICLE, kubernetes=kubernetes)
    assert set(manifests) == {"Deployment", "Service"}
    spec = manifests["Deployment"]["spec"]
    assert spec["replicas"] == 3
    assert spec["revisionHistoryLimit"] == 3
    assert "imagePullSecrets" not in spec["template"]["spec"]
    container = only_container(manifests)
    assert container["image"] == "quay.io/acme/sample:latest"
    assert container["imagePullPolicy"] == "Always"
    assert not {"command", "env", "livenessProbe", "readinessProbe"} & set(container)
    assert manifests["Service"]["spec"]["ports"] == [
        {"name": "main", "protocol": "TCP", "port": 8000, "targetPort": 8000}
    ]
    assert manifests["Deployment"]["metadata"]["labels"]["component"] == "sample"


def test_the_order_of_keys_does_not_matter(helm: Helm) -> None:
    """A values layer with its keys in another order and without its comments renders the same, byte for byte."""
    values = yaml.safe_load(ARTICLE)
    backwards = json.dumps(dict(reversed(values.items())))
    assert helm.template(ARTICLE) == helm.template(backwards)


@pytest.mark.parametrize("name", ["", "None", "none", None])
def test_no_pull_secret(helm: Helm, name: str | None) -> None:
    """An empty pull secret, or one that is called None, is none."""
    spec = helm.render(image(pullSecret=name))["Deployment"]["spec"]["template"]["spec"]
    assert "imagePullSecrets" not in spec


def test_a_pull_secret(helm: Helm) -> None:
    """A pull secret that has a name is handed to the kubelet."""
    spec = helm.render(image(pullSecret="robot"))["Deployment"]["spec"]["template"]["spec"]
    assert spec["imagePullSecrets"] == [{"name": "robot"}]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 3}, "replica"),
        ({"replicas": "3"}, "replicas"),
        ({"replicas": -1}, "replicas"),
        ({"name": "Sample"}, "name"),
        ({"image": {"tags": "x"}}, "tags"),
        ({"image": {"tag": 1234567}}, "tag"),
        ({"image": {"digest": "sha256:4f2a91c"}}, "digest"),
        ({"image": {"repository": "acme/sample:latest"}}, "repository"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"image": {"containerPort": 80000}}, "containerPort"),
        ({"command": "sleep 1"}, "command"),
        ({"command": {"sleep": 1}}, "command"),
        ({"service": {"prot": 80}}, "prot"),
        ({"service": {"nodePort": 30080, "type": "NodePort"}}, "port"),
        ({"service": {"port": 80, "nodePort": 30080}}, "type"),
        ({"livenessProbe": {"port": 8000}}, "path"),
        ({"readinessProbe": {"path": "/", "periodSecond": 1}}, "periodSecond"),
        ({"labels": {"app.kubernetes.io/name": "other"}}, "labels"),
        ({"environment": {"plian": {}}}, "plian"),
        ({"environment": {"plain": {"A": "x"}}}, "A"),
        ({"environment": {"plain": {"A-B": {"value": "x"}}}}, "A-B"),
        ({"environment": {"plain": {"false": {"value": "x"}}}}, "false"),
        ({"environment": {"secret": {"A": {"secret": "s"}}}}, "name"),
        ({"environment": {"configMap": {"A": {"configMap": "c", "name": "k"}}}}, "configMap"),
        ({"autoscaling": {"minReplicas": 2}}, "maxReplicas"),
        ({"autoscaling": {"maxReplicas": 2, "targetCPU": 50}}, "targetCPU"),
        ({"resources": {"limit": {}}}, "limit"),
        ({"rollingUpdate": {"maxSurge": "many"}}, "maxSurge"),
    ],
    ids=str,
)
def test_mistakes_are_refused(helm: Helm, values: dict[str, Any], named: str) -> None:
    """A misspelled key or a value of the wrong kind is refused before anything is deployed, and named."""
    said = helm.template(PINNED, values, valid=False)
    assert "values don't meet the specifications of the schema" in said
    assert named in said


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"plain": {"A": {"value": "x"}}}, {"value": "x"}),
        ({"plain": {"A": {"value": ""}}}, {"value": ""}),
        ({"plain": {"A": {"value": True}}}, {"value": "true"}),
        ({"plain": {"A": {"value": 8000}}}, {"value": "8000"}),
        ({"plain": {"A": {"value": 123456789}}}, {"value": "123456789"}),
        ({"plain": {"A": {"value": 0.25}}}, {"value": "0.25"}),
        ({"plain": {"A": {"value": 'a "b": {{ c }}'}}}, {"value": 'a "b": {{ c }}'}),
        (
            {"secret": {"A": {"secret": "passwords", "name": "A_KEY"}}},
            {"valueFrom": {"secretKeyRef": {"name": "passwords", "key": "A_KEY"}}},
        ),
        (
            {"configMap": {"A": {"config": "shared", "name": "A_KEY"}}},
            {"valueFrom": {"configMapKeyRef": {"name": "shared", "key": "A_KEY"}}},
        ),
    ],
    ids=str,
)
def test_environment_kinds(helm: Helm, environment: dict[str, Any], expected: dict[str, Any]) -> None:
    """A variable comes from a plain value, exactly as written, from a Secret or from a ConfigMap."""
    container = helm.container(PINNED, {"environment": environment})
    assert container["env"] == [{"name": "A", **expected}]


def test_plain_values_may_refer_to_the_others(helm: Helm) -> None:
    """Plain variables stand after those from Secrets and ConfigMaps, where Kubernetes lets them say $(OTHER)."""
    container = helm.container(
        PINNED,
        {
            "environment": {
                "plain": {"A": {"value": "$(B)$(C)"}},
                "secret": {"B": {"secret": "s", "name": "k"}},
                "configMap": {"C": {"config": "c", "name": "k"}},
            }
        },
    )
    assert [variable["name"] for variable in container["env"]] == ["C", "B", "A"]


def test_one_variable_has_one_source(helm: Helm) -> None:
    """A variable that is set twice is refused, and both places are named."""
    said = helm.template(
        PINNED,
        {
            "environment": {
                "plain": {"A": {"value": "x"}},
                "secret": {"A": {"secret": "s", "name": "k"}},
            }
        },
        valid=False,
    )
    assert "environment.plain.A" in said
    assert "environment.secret" in said


@pytest.mark.parametrize(
    ("kubernetes", "version", "target"),
    [
        ("1.20.2", "autoscaling/v1", {"targetCPUUtilizationPercentage": 50}),
        ("v1.22.17-eks-1234", "autoscaling/v1", {"targetCPUUtilizationPercentage": 50}),
        (
            "v1.23.0-gke.100",
            "autoscaling/v2",
            {
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 50},
                        },
                    }
                ]
            },
        ),
    ],
)
def test_autoscaling_decides_alone(helm: Helm, kubernetes: str, version: str, target: dict[str, Any]) -> None:
    """With autoscaling the Deployment has no replicas, and the autoscaler is of a version that the cluster knows."""
    values = {"replicas": 3, "autoscaling": {"minReplicas": 2, "maxReplicas": 5, "targetCpu": 50}}
    manifests = helm.render(PINNED, values, kubernetes=kubernetes)
    assert "replicas" not in manifests["Deployment"]["spec"]
    scaler = manifests["HorizontalPodAutoscaler"]
    assert scaler["apiVersion"] == version
    assert scaler["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 5,
        **target,
    }


def test_autoscaling_bounds(helm: Helm) -> None:
    """A lower bound above the upper one is refused, and both are named."""
    values = {"autoscaling": {"minReplicas": 5, "maxReplicas": 2, "targetCpu": 50}}
    said = helm.template(PINNED, values, valid=False)
    assert "minReplicas (5)" in said
    assert "maxReplicas (2)" in said


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_replicas(helm: Helm, replicas: int) -> None:
    """Without autoscaling the Deployment has the replicas that the values say, zero included."""
    assert helm.render(PINNED, {"replicas": replicas})["Deployment"]["spec"]["replicas"] == replicas


def test_selectors_are_stable(helm: Helm) -> None:
    """Another tag, another digest and other labels leave the selectors alone, so an upgrade is never refused."""
    port = {"service": {"port": 80}}
    before = helm.render(image(tag="4f2a91c"), port)
    after = helm.render(image(tag="0123456", digest=DIGEST), port, {"labels": {"app": "x", "team": "y"}})
    stable = {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web"}
    for manifests in (before, after):
        spec = manifests["Deployment"]["spec"]
        assert spec["selector"] == {"matchLabels": stable}
        assert manifests["Service"]["spec"]["selector"] == stable
        assert stable.items() <= spec["template"]["metadata"]["labels"].items()


def test_a_chart_version_restarts_nothing(helm: Helm) -> None:
    """The chart's version is on the objects but not on the pods, so it alone rolls nothing out."""
    deployment = helm.render(PINNED)["Deployment"]
    assert "helm.sh/chart" in deployment["metadata"]["labels"]
    assert "helm.sh/chart" not in deployment["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(
    ("tag", "label"),
    [("4f2a91c", "4f2a91c"), ("_x_", "x"), ("a" * 128, "a" * 63), ("a" * 62 + "." + "b" * 60, "a" * 62)],
)
def test_any_tag_makes_a_valid_label(helm: Helm, tag: str, label: str) -> None:
    """A tag that is too long for a label, or ends as a label may not, still shows on the pods as far as it can."""
    labels = helm.render(image(tag=tag))["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/version"] == label


def test_every_parameter_is_described() -> None:
    """The chart's README names every parameter that its schema accepts."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    parameters = [
        f"{name}.{key}" if name != "readinessProbe" else name
        for name, found in schema["properties"].items()
        for key in found.get("properties", {})
        if name != "labels" and "Seconds" not in key and "Threshold" not in key
    ]
    parameters += [
        name for name, found in schema["properties"].items() if "properties" not in found and name != "global"
    ]
    assert len(parameters) > 30
    assert not [parameter for parameter in parameters if f"`{parameter}`" not in readme]


def test_two_releases_do_not_clash(helm: Helm) -> None:
    """Two releases in one namespace share no object and select none of each other's pods."""
    everything = {
        "service": {"port": 80},
        "serviceAccount": {"create": True},
        "autoscaling": {"maxReplicas": 2, "targetCpu": 50},
    }
    one = helm.render(PINNED, everything, release="one")
    two = helm.render(PINNED, everything, release="two")
    assert set(one) == {"Deployment", "HorizontalPodAutoscaler", "Service", "ServiceAccount"}
    for kind, found in one.items():
        assert found["metadata"]["name"] == "one"
        assert two[kind]["metadata"]["name"] == "two"
    assert one["Service"]["spec"]["selector"] != two["Service"]["spec"]["selector"]


def test_a_rollout_never_takes_capacity_away(helm: Helm) -> None:
    """By default a new pod is ready before an old one goes."""
    strategy = helm.render(PINNED)["Deployment"]["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_a_worker_has_no_service(helm: Helm) -> None:
    """Without a port there is no Service, and the command replaces the image's."""
    manifests = helm.render(PINNED, {"command": ["python3", "-m", "worker"]})
    assert set(manifests) == {"Deployment"}
    assert only_container(manifests)["command"] == ["python3", "-m", "worker"]


def test_probes(helm: Helm) -> None:
    """A probe asks the path at its port, by default the container's, and keeps to the periods and thresholds given."""
    container = helm.container(
        PINNED,
        {
            "livenessProbe": {"path": "/live", "port": 9000, "periodSeconds": 5, "initialDelaySeconds": 0},
            "readinessProbe": {"path": "/ready", "failureThreshold": 2},
        },
    )
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/live", "port": 9000},
        "periodSeconds": 5,
        "initialDelaySeconds": 0,
    }
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": 8000},
        "failureThreshold": 2,
    }


def test_a_later_layer_takes_a_probe_away(helm: Helm) -> None:
    """A layer that sets a probe to null removes the one of an earlier layer."""
    container = helm.container(PINNED, {"livenessProbe": {"path": "/live"}}, "livenessProbe: null\n")
    assert "livenessProbe" not in container


@pytest.mark.parametrize(
    ("kubernetes", "handler"),
    [("1.20.2", {"exec": {"command": ["sleep", "2"]}}), ("1.30.0", {"sleep": {"seconds": 2}})],
)
def test_a_pod_leaves_politely(helm: Helm, kubernetes: str, handler: dict[str, Any]) -> None:
    """A pod waits before its SIGTERM in the way that the cluster's version can."""
    container = helm.container(PINNED, {"preStopSleepSeconds": 2}, kubernetes=kubernetes)
    assert container["lifecycle"] == {"preStop": handler}


def test_the_pods_identity(helm: Helm) -> None:
    """Pods get no token of the Kubernetes API unless asked for, and a ServiceAccount of their own only when created."""
    plain = helm.render(PINNED)["Deployment"]["spec"]["template"]["spec"]
    assert plain["serviceAccountName"] == "default"
    assert plain["automountServiceAccountToken"] is False
    own = helm.render(PINNED, {"serviceAccount": {"create": True, "name": "robot", "automountToken": True}})
    pod = own["Deployment"]["spec"]["template"]["spec"]
    assert own["ServiceAccount"]["metadata"]["name"] == pod["serviceAccountName"] == "robot"
    assert pod["automountServiceAccountToken"] is True


def test_the_rest_goes_where_it_belongs(helm: Helm) -> None:
    """Resources, security contexts, annotations and the grace period reach the pod as they are written."""
    manifests = helm.render(
        PINNED,
        {
            "resources": {"requests": {"cpu": "25m"}, "limits": {"memory": "64Mi"}},
            "securityContext": {"readOnlyRootFilesystem": True},
            "podSecurityContext": {"runAsNonRoot": True},
            "podAnnotations": {"prometheus.io/port": 8000},
            "terminationGracePeriodSeconds": 5,
        },
    )
    template = manifests["Deployment"]["spec"]["template"]
    assert template["metadata"]["annotations"] == {"prometheus.io/port": "8000"}
    assert template["spec"]["securityContext"] == {"runAsNonRoot": True}
    assert template["spec"]["terminationGracePeriodSeconds"] == 5
    container = only_container(manifests)
    assert container["resources"] == {"requests": {"cpu": "25m"}, "limits": {"memory": "64Mi"}}
    assert container["securityContext"] == {"readOnlyRootFilesystem": True}


@pytest.mark.parametrize("kubernetes", ["1.20.2", "1.37.1"])
@pytest.mark.parametrize(("environment", "replicas", "node_port"), [(e, *v) for e, v in ENVIRONMENTS.items()])
def test_the_sample_renders(
    helm: Helm, environment: str, replicas: int, node_port: int, kubernetes: str
) -> None:
    """The sample's layers with the image that Trunkline pins render a service that knows where it runs."""
    folder = SAMPLE / "values"
    layers = (folder / "base.yaml", folder / f"{environment}.yaml", image(digest=DIGEST))
    manifests = helm.render(*layers, release="sample", kubernetes=kubernetes)
    assert manifests["Deployment"]["spec"]["replicas"] == replicas
    assert manifests["Service"]["spec"]["type"] == "NodePort"
    assert manifests["Service"]["spec"]["ports"][0]["nodePort"] == node_port
    container = only_container(manifests)
    assert container["image"].endswith(f"4f2a91c@{DIGEST}")
    assert {"name": "ENVIRONMENT", "value": environment} in container["env"]
    assert container["readinessProbe"]["periodSeconds"] == 1


def test_the_sample_sets_no_image() -> None:
    """The sample's layers leave repository, tag and digest to Trunkline."""
    for layer in (SAMPLE / "values").glob("*.yaml"):
        pinned = yaml.safe_load(layer.read_text(encoding="utf-8")).get("image", {})
        assert not {"repository", "tag", "digest"} & set(pinned)


def test_the_project_names_what_is_there() -> None:
    """Every file and folder that the sample's trunkline.yaml names exists."""
    project = yaml.safe_load((SAMPLE / "trunkline.yaml").read_text(encoding="utf-8"))
    assert (SAMPLE / project["image"]["dockerfile"]).is_file()
    assert (SAMPLE / project["chart"]["path"] / "Chart.yaml").is_file()
    assert set(project["environments"]) == set(ENVIRONMENTS)
    for environment in project["environments"].values():
        for layer in environment["values"]:
            assert (SAMPLE / project["values"]["location"] / layer).is_file()


def test_the_second_commit_breaks_only_where_its_setting_is_missing(helm: Helm, sample_repo: Path) -> None:
    """The demo's second commit applies, passes its tests, starts in dev, and ends with a clear word in qa and prod."""
    first = _python(sample_repo, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert first.returncode == 0, first.stdout
    _git(sample_repo, "apply", "-p1", SECOND_COMMIT)
    second = _python(sample_repo, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert second.returncode == 0, second.stdout
    for environment in ENVIRONMENTS:
        folder = sample_repo / "values"
        container = helm.container(folder / "base.yaml", folder / f"{environment}.yaml", PINNED)
        variables = {variable["name"]: variable["value"] for variable in container["env"]}
        started = _python(sample_repo, "-c", "import sample_api.wsgi", **variables)
        if environment == "dev":
            assert started.returncode == 0, started.stderr
        else:
            assert started.returncode == 1
            assert "FEATURE_FLAGS_URL is not set" in started.stderr.splitlines()[-1]
