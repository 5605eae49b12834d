"""The Dockerfile of an environment's deploy image: the same text for the same settings and lock, and its tag from it.

All Dockerfiles of a project begin alike, so that a builder makes and a registry keeps their common layers once; only
kubectl, which follows each cluster's version, is their own.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from trunkline import __version__
from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.dataclass import dataclass
from trunkline.errors import UsageError

LOCK_FILE = "deploy-images.lock"
_PLATFORM = "linux-amd64"
_USER = "trunkline"
_USER_ID = 3434
_TAG_LENGTH = 12


@dataclass(frozen=True, slots=True)
class LockedTool:
    """A program's version, where it comes from, and the SHA-256 of what comes from there."""

    version: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Lock:
    """What was found out once, so that the images are the same from then on."""

    helm: LockedTool
    kubectl: Mapping[str, LockedTool]

    def dump(self) -> str:
        """As the text of the lock file."""
        tools = {name: _fields(tool) for name, tool in sorted(self.kubectl.items())}
        return json.dumps({"helm": _fields(self.helm), "kubectl": tools}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class DeployImage:
    """One environment's image, before it is built.

    Attributes:
        tag: the environment and the sum of all that goes into the image.
    """

    environment: str
    dockerfile: str
    tag: str
    helm: str
    kubectl: str


def read_lock(text: str) -> Lock:
    """The lock that a file holds.

    Raises:
        UsageError: it holds something else.
    """
    try:
        content = json.loads(text)
        return Lock(
            _tool(content["helm"]), {str(name): _tool(item) for name, item in content["kubectl"].items()}
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(f"{LOCK_FILE} cannot be read.", "Make it anew: trunkline ci images --lock") from None


def helm_url(settings: DeployImageSettings) -> str:
    """Where Helm of the wanted version is."""
    return f"{settings.helm_from.rstrip('/')}/helm-v{settings.helm}-{_PLATFORM}.tar.gz"


def kubectl_url(settings: DeployImageSettings, version: str) -> str:
    """Where kubectl of a version is."""
    return f"{settings.kubectl_from.rstrip('/')}/release/v{version}/bin/linux/amd64/kubectl"


def deploy_image(
    settings: DeployImageSettings, lock: Lock, environment: str, wheel: tuple[str, str] | None
) -> DeployImage:
    """An environment's image.

    Args:
        settings: what is configured.
        lock: versions and sums.
        environment: whose image it is.
        wheel: name and SHA-256 of the wheel that is copied in, where one is.

    Raises:
        UsageError: the lock does not know the environment, or another version of Helm.
    """
    kubectl = lock.kubectl.get(environment)
    if kubectl is None or lock.helm.version != settings.helm:
        what = f"kubectl of {environment}" if kubectl is None else f"Helm {settings.helm}"
        raise UsageError(
            f"{LOCK_FILE} does not know {what}.", "Bring it up to date: trunkline ci images --lock"
        )
    text = _dockerfile(settings, lock.helm, kubectl, environment, wheel)
    return DeployImage(
        environment,
        text,
        f"{environment.lower()}-{hashlib.sha256(text.encode()).hexdigest()[:_TAG_LENGTH]}",
        lock.helm.version,
        kubectl.version,
    )


def _dockerfile(
    settings: DeployImageSettings,
    helm: LockedTool,
    kubectl: LockedTool,
    environment: str,
    wheel: tuple[str, str] | None,
) -> str:
    requirement = settings.trunkline.replace("{version}", __version__)
    copied = ""
    if wheel is not None:
        name, sha256 = wheel
        # The sum stands in the text, so that another wheel of the same name is another image.
        copied = f"# sha256:{sha256}\nCOPY {name} /tmp/{name}\n"
        extras = requirement.partition("[")[2].partition("]")[0]
        requirement = f"/tmp/{name}[{extras}]" if extras else f"/tmp/{name}"  # noqa: S108 - inside of the image
    labels = {
        "org.opencontainers.image.title": f"deploy {environment}",
        "org.opencontainers.image.description": f"Trunkline {__version__}, Helm {helm.version}, kubectl {kubectl.version}",
        "dev.trunkline.environment": environment,
        "dev.trunkline.version": __version__,
    }
    return f"""\
# Made by `trunkline ci images`: what jobs deploy to {environment} from. Changes here are lost.
FROM {settings.base} AS helm
{_fetched(helm, "helm.tgz")} \\
 && tar -xzf /tmp/helm.tgz -C /tmp {_PLATFORM}/helm \\
 && mkdir -p /out && cp /tmp/{_PLATFORM}/helm /out/helm && chmod 0755 /out/helm

FROM {settings.base} AS kubectl
{_fetched(kubectl, "kubectl")} \\
 && mkdir -p /out && cp /tmp/kubectl /out/kubectl && chmod 0755 /out/kubectl

FROM {settings.base}
# What CircleCI's own steps need; a base that has it stays as it is.
RUN for tool in git ssh tar gzip; do command -v "$tool" > /dev/null || missing=1; done; \\
    if [ -n "${{missing:-}}" ]; then \\
      apt-get update && apt-get install --yes --no-install-recommends ca-certificates git gzip openssh-client tar \\
      && rm -rf /var/lib/apt/lists/* /var/cache/apt; \\
    fi
{copied}RUN python3 -m pip install --no-cache-dir --no-compile {shlex.quote(requirement)} && rm -rf /tmp/*
RUN echo '{_USER}:x:{_USER_ID}:{_USER_ID}::/home/{_USER}:/bin/bash' >> /etc/passwd \\
 && echo '{_USER}:x:{_USER_ID}:' >> /etc/group \\
 && mkdir -p /home/{_USER} && chown {_USER_ID}:{_USER_ID} /home/{_USER}
COPY --from=helm /out/helm /usr/local/bin/helm
COPY --from=kubectl /out/kubectl /usr/local/bin/kubectl
LABEL {" ".join(f"{name}={json.dumps(value)}" for name, value in labels.items())}
ENV HOME=/home/{_USER}
USER {_USER_ID}:{_USER_ID}
WORKDIR /home/{_USER}
CMD ["bash"]
"""


def _fetched(tool: LockedTool, name: str) -> str:
    """Fetch a file with the Python that is there, and go on only with the very bytes that the lock knows."""
    program = "import sys,urllib.request as r; r.urlretrieve(sys.argv[1],sys.argv[2])"
    return (
        f"RUN python3 -c {shlex.quote(program)} {shlex.quote(tool.url)} /tmp/{name} \\\n"
        f" && echo '{tool.sha256}  /tmp/{name}' | sha256sum -c -"
    )


def wheel_name(path: str) -> str:
    """The file's name, which tells pip what it is."""
    return PurePosixPath(path).name


def _fields(tool: LockedTool) -> Mapping[str, str]:
    return {"version": tool.version, "url": tool.url, "sha256": tool.sha256}


def _tool(item: Mapping[str, str]) -> LockedTool:
    return LockedTool(str(item["version"]), str(item["url"]), str(item["sha256"]))
