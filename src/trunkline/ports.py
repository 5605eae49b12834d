"""What Trunkline needs of the world, as Protocols; and `World`, which holds one of each.

Adapters implement these, tests bring small fakes that pass the same contract tests, `bootstrap` composes.
Every method says what it raises; anything else that comes out of an adapter is a fault of Trunkline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from trunkline.config.project import ImageSettings, Project
from trunkline.domain.attempts import (
    Approval,
    Attempt,
    AttemptRecord,
    Decision,
    Deployment,
    Ending,
    Run,
)
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, History, ReleaseTarget
from trunkline.domain.rollouts import Observation, Workload
from trunkline.events import Event

OnLine = Callable[[str], None]


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> datetime:
        """This moment in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, as a value.

    Attributes:
        argv: program and arguments; never holds a secret.
        environment: variables added to this process's own; None removes one.
        stdin: text for its standard input; secrets go here.
        directory: where it runs; None for here.
        timeout_s: it is ended after this many seconds.
        private: its output is a credential for us alone: it is neither redacted nor passed to anybody.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    stdin: str | None = field(default=None, repr=False)
    directory: Path | None = None
    timeout_s: float | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended; its output is already redacted, unless the command is `private`."""

    command: Command
    code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)


class Processes(Protocol):
    """The one way to run other programs."""

    def run(self, command: Command, on_line: OnLine | None = None) -> Completed:
        """Run to the end; each output line (redacted) goes to `on_line` as it comes.

        Whatever its exit code, the result is returned: the caller knows what it means. A child never
        outlives this process.

        Raises:
            UsageError: the program is not installed.
            TimeoutError: `timeout_s` passed; the program was ended.
        """
        ...

    def find(self, program: str) -> str | None:
        """The path of a program on PATH, or None."""
        ...


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to know a server and to be known by it; PEM texts, as kubeconfig files carry them.

    Attributes:
        ca: certificates to trust instead of the system's; empty for the system's.
        certificate: the client's own, with `key`.
        verify: False only where a person wrote so.
        server_name: the name in the server's certificate where it is not the URL's.
        proxy: URL of a proxy; None takes what the environment says, empty means none.
    """

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    verify: bool = True
    server_name: str = ""
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; its headers may hold secrets, so it has no readable form but method and URL."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered, whatever the status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class Http(Protocol):
    """The one way to speak HTTP. Connections are kept and shared between threads; redirects are followed."""

    def send(self, request: Request) -> Response:
        """Send and read the whole answer; no retries.

        Raises:
            Unreachable: no connection, no valid certificate, or no answer within the time; the message
                names host and cause, without credentials.
        """
        ...

    def stream(self, request: Request) -> AbstractContextManager[tuple[Response, Iterator[bytes]]]:
        """Send, and read the body as it comes: lines without their newline. `timeout_s` bounds each silence.

        Iterating raises `Unreachable` when the connection breaks or stays silent for too long; it simply ends when
        the server closes it. `Response.body` is the whole body when the status is not 2xx, else empty.

        Raises:
            Unreachable: as `send`.
        """
        ...


class SourceControl(Protocol):
    """What git knows."""

    def commit(self, trunk: str, revision: str = "HEAD") -> Commit:
        """The commit that `revision` names, with branch, trunk membership and the state of the work tree.

        Raises:
            UsageError: this is no git repository, or the revision is unknown.
        """
        ...


class ImageBuilder(Protocol):
    """Builds an image and pushes it."""

    name: str

    def build(
        self,
        image: ImageReference,
        settings: ImageSettings,
        root: Path,
        labels: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        """Build `settings.context` (below `root`) as `image`.

        Raises:
            DeploymentFailed: the build failed; the message holds the last lines.
            Unreachable: the builder's daemon does not answer.
        """
        ...

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """Push `image` (logging in by stdin when `settings` bears a login); the digest that was pushed.

        Raises:
            Unreachable: the registry does not answer or refuses the login, after retries.
        """
        ...


class Registry(Protocol):
    """Asks an OCI registry."""

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """The digest that `image`'s tag stands for, or None where the registry has no such tag.

        Raises:
            Unreachable: the registry does not answer, or refuses the login.
        """
        ...

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """One sentence on how the registry answered, for `check --online`.

        Raises:
            Unreachable: as above.
        """
        ...


class Storage(Protocol):
    """Files from a directory or from S3: charts and values layers."""

    def fetch(self, location: str, name: str, into: Path) -> Path:
        """Copy the file `name` below `location` (`s3://bucket/prefix` or a directory) to `into`; its path.

        Raises:
            UsageError: there is no such file; the message names the full address.
            Unreachable: the storage does not answer or refuses the credentials.
        """
        ...

    def chart(self, repository: str, name: str, version: str, into: Path) -> Path:
        """A chart archive from the chart repository, the newest one when `version` is empty; its path.

        Raises:
            UsageError: no such chart or version.
            Unreachable: as above.
        """
        ...

    def check(self, location: str) -> str:
        """One sentence on how the storage answered.

        Raises:
            UsageError, Unreachable: as above.
        """
        ...


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """One `helm upgrade --install`, complete.

    Attributes:
        chart: path of a chart directory or archive.
        values: paths of the layers, later ones win.
        pins: the last layer, as a mapping; sent by stdin.
        description: Helm's free text for the revision.
    """

    target: ReleaseTarget
    chart: Path
    values: tuple[Path, ...]
    pins: Mapping[str, object]
    description: str
    history_max: int
    create_namespace: bool
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Applied:
    """What Helm made: the revision's number and the objects in its manifest (parsed YAML documents)."""

    revision: int
    objects: tuple[Mapping[str, object], ...]


class Helm(Protocol):
    """Helm 3 or 4, without its waiting."""

    def version(self) -> str:
        """The client's version, such as `v4.3.1`.

        Raises:
            UsageError: Helm is not installed.
        """
        ...

    def history(self, target: ReleaseTarget) -> History:
        """All revisions of exactly this release; an empty history where there is none.

        Raises:
            Unreachable: the cluster does not answer.
        """
        ...

    def upgrade(self, request: UpgradeRequest, on_line: OnLine) -> Applied:
        """Install or upgrade, without waiting for the rollout.

        Raises:
            DeploymentFailed: Helm refused or failed; the message is its own, redacted.
            Unreachable: the cluster does not answer.
        """
        ...

    def rollback(self, target: ReleaseTarget, revision: int, history_max: int, timeout_s: float) -> Applied:
        """Return to `revision` (which makes a new one), without waiting.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...

    def uninstall(self, target: ReleaseTarget, timeout_s: float) -> None:
        """Remove the release and its history; one that is not there is no error.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...

    def applied(self, target: ReleaseTarget, revision: int) -> Applied:
        """What `revision` consists of.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who holds a lease: the run, where it works, and what a waiting person wants to know of it."""

    identity: str
    description: str = ""


class Lease(Protocol):
    """A lock in the cluster that its holder keeps alive; leaving the context gives it back."""

    def ensure_held(self) -> None:
        """Verify, before each deed, that the lease is still ours.

        Raises:
            Locked: it was lost (we could not renew it in time).
        """
        ...


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a container wrote."""

    pod: str
    container: str
    text: str


class Cluster(Protocol):
    """One Kubernetes cluster, through its API."""

    def version(self) -> str:
        """The server's version.

        Raises:
            Unreachable: it does not answer, or refuses the credentials.
        """
        ...

    def allowed(self, namespace: str, verb: str, group: str, resource: str) -> bool:
        """Whether the credentials may do that (SelfSubjectAccessReview).

        Raises:
            Unreachable: as above.
        """
        ...

    def ensure_namespace(self, namespace: str) -> None:
        """Create the namespace unless it is there.

        Raises:
            Unreachable: as above. DeploymentFailed: it is being deleted, or may not be created.
        """
        ...

    def lease(
        self, target: ReleaseTarget, holder: LeaseHolder, wait_s: float = 0.0
    ) -> AbstractContextManager[Lease]:
        """The lock of one release. A holder that stopped renewing is replaced once its time is up.

        Raises:
            Locked: somebody else is at work; the message says who, since when.
            Unreachable: as above.
        """
        ...

    def good_revisions(self, target: ReleaseTarget) -> frozenset[int]:
        """The revisions whose rollouts Trunkline saw succeed, as noted on the release's Lease object.

        Raises:
            Unreachable: as above.
        """
        ...

    def note_good(self, target: ReleaseTarget, revision: int) -> None:
        """Note on the Lease object (annotation `trunkline.dev/good-revisions`, newest 50) that a rollout succeeded.

        Raises:
            Unreachable: as above.
        """
        ...

    def forget_good(self, target: ReleaseTarget) -> None:
        """Take back all such notes: the release is gone, and its next revision 1 is another one.

        Raises:
            Unreachable: as above.
        """
        ...

    def mark_failed(self, target: ReleaseTarget, revision: int, description: str) -> None:
        """Turn Helm's record of a revision that a dead client left `pending-*` into `failed`.

        Raises:
            Unreachable: as above.
        """
        ...

    def observe(self, workloads: Sequence[Workload], timeout_s: float) -> Iterator[Observation]:
        """What the cluster shows of these workloads, again and again until the caller stops or time is up.

        An API that does not answer for a while yields observations whose `trouble` says so; the last one
        is yielded after the deadline.
        """
        ...

    def logs(
        self, namespace: str, selectors: Sequence[Mapping[str, str]], *, follow: bool, tail: int | None
    ) -> Iterator[LogLine]:
        """Log lines of all pods that a selector matches; with `follow`, of new pods and restarts, too.

        Raises:
            Unreachable: as above.
        """
        ...

    def last_log(self, namespace: str, pod: str, container: str, lines: int) -> tuple[str, ...]:
        """The last lines of a container, of its previous life if it was restarted; empty where none are kept."""
        ...

    def gone(self, objects: Sequence[Mapping[str, object]], namespace: str, timeout_s: float) -> bool:
        """Wait until the pods of these objects are gone; whether they are."""
        ...


class Ledger(Protocol):
    """The append-only record. Every call is one transaction that is durable when it returns.

    Raises (each method):
        Unreachable: the ledger cannot be read or written (disk full, locked, not a ledger).
    """

    def open_run(self, run: Run) -> None:
        """Write down a run."""
        ...

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or of the only id that begins so."""
        ...

    def runs(self, service: str, limit: int = 20) -> tuple[Run, ...]:
        """The newest runs of a service, newest first."""
        ...

    def begin(self, attempt: Attempt) -> None:
        """Write down the intent to do something."""
        ...

    def intend(self, attempt_id: str, step: str, at: datetime) -> None:
        """Write down that a step of an attempt begins now."""
        ...

    def end(self, ending: Ending, deployment: Deployment | None = None) -> None:
        """Write down how an attempt ended, and in the same transaction what stands since."""
        ...

    def decide(self, approval: Approval) -> None:
        """Write down a person's decision."""
        ...

    def approvals(self, run_id: str, environment: str = "") -> tuple[Approval, ...]:
        """Decisions of a run, oldest first; the last one on an environment counts."""
        ...

    def attempts(
        self, *, run_id: str = "", service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[AttemptRecord, ...]:
        """The newest attempts, newest first."""
        ...

    def steps(self, attempt_id: str) -> tuple[tuple[str, datetime], ...]:
        """The steps that an attempt began, in order."""
        ...

    def deployments(
        self, *, service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[Deployment, ...]:
        """The newest deployments, newest first."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Listener(Protocol):
    """Somebody who is told of events. Must never raise and never make anybody wait."""

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        ...

    def close(self, deadline_s: float) -> None:
        """Deliver what is left, within `deadline_s` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said when asked."""

    decision: Decision
    actor: str
    reason: str = ""


class Approver(Protocol):
    """Asks a person at the terminal, if there is one."""

    def ask(self, question: str, elsewhere: Callable[[], Answer | None]) -> Answer | None:
        """The answer given here or, as `elsewhere` reports it, from another terminal; None without a terminal."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who and what is running us: a person at a machine, or a CI job.

    Attributes:
        actor: the person's name, or the CI's.
        host: this machine.
        ci: what the CI says of itself (`CIRCLE_*` without secrets), empty elsewhere.
        link: the CI job's page, or empty.
    """

    actor: str
    host: str
    ci: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """One of each port, and what never changes while a command runs."""

    project: Project
    surroundings: Surroundings
    redactor: Redactor
    clock: Clock
    processes: Processes
    source: SourceControl
    registry: Registry
    storage: Storage
    ledger: Ledger
    approver: Approver
    builder: Callable[[], ImageBuilder]
    helm: Callable[[ClusterTarget], Helm]
    cluster: Callable[[ClusterTarget], Cluster]
    listeners: tuple[Listener, ...] = ()
    new_id: Callable[[], str] = lambda: ""
