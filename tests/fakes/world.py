"""A whole world of fakes: a service with three environments, its commit, its registry, its chart and its cluster.

What a test is about it changes in the fakes, before or while the use case is at work.
"""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.forwarding import FakeForwarding
from tests.fakes.helm import FakeHelm
from tests.fakes.http import ScriptedHttp
from tests.fakes.images import FakeArtifacts, FakeBillOfMaterials, FakeBuilder, FakeKeeper, FakeRegistry
from tests.fakes.ledger import FakeLedger
from tests.fakes.processes import FakeProcesses
from tests.fakes.projects import REPOSITORY, a_project
from tests.fakes.storage import FakeStorage
from tests.fakes.values import FakeDecryptor, FakeValues
from tests.unit.domain.states import container, deployment, pod, seen, terminated, waiting
from trunkline.config.project import ImageSettings, Project
from trunkline.domain.commits import Commit, Tag
from trunkline.domain.delivery.changes import Shipped
from trunkline.domain.images import ImageReference
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, ReleaseTarget, Revision
from trunkline.domain.rollouts import Observation, Resource, awaited_in, images_of
from trunkline.domain.vulnerabilities import Look, Report, ScanState
from trunkline.errors import TrunklineError, Unreachable, UsageError
from trunkline.events import Event, Noted, Progressed
from trunkline.ports import Answer, Listener, Surroundings, World

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER_SHA = "89abcdef0123456789abcdef0123456789abcdef"
SECRET = "hunter2-hunter2"
CRASHING = container(waiting("CrashLoopBackOff"), restarts=1, last=terminated(3))


class Killed(BaseException):
    """The process is gone, as after `kill -9`."""


@dataclass
class FakeSource:
    """Implements the port `SourceControl`: `head` is checked out, `others` are known by their sha.

    `order` says of two commits whether the first is an ancestor of the second; `files` holds texts by commit and path;
    `between` the commits between two.
    """

    head: Commit
    others: dict[str, Commit] = field(default_factory=dict)
    order: dict[tuple[str, str], bool] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    between: dict[tuple[str, str], tuple[Shipped, ...]] = field(default_factory=dict)
    known_tags: list[Tag] = field(default_factory=list)

    def commit(self, trunk: str, revision: str = "HEAD") -> Commit:
        if revision in {"HEAD", self.head.sha}:
            return self.head
        if revision not in self.others:
            raise UsageError(f"There is no commit {revision!r}.")
        return self.others[revision]

    def precedes(self, older: str, newer: str) -> bool | None:
        return self.order.get((older, newer))

    def shipped(self, base: str, commit: str) -> tuple[Shipped, ...] | None:
        return self.between.get((base, commit))

    def tags(self, pattern: str) -> tuple[Tag, ...]:
        return tuple(tag for tag in self.known_tags if fnmatchcase(tag.name, pattern))

    def remote(self) -> str:
        return ""

    def export(self, commit: str, path: str, into: Path) -> Path | None:
        files = {name: text for (sha, name), text in self.files.items() if sha == commit}
        wanted = {name: text for name, text in files.items() if name == path or name.startswith(f"{path}/")}
        for name, text in wanted.items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_text(text)
        return into / path if wanted else None


@dataclass
class FakeApprover:
    """Implements the port `Approver`: `answers` are given at the terminal, one after another; None is silence."""

    answers: list[Answer | None] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def ask(self, question: str, elsewhere: Callable[[], Answer | None]) -> Answer | None:
        self.questions.append(question)
        self.meanwhile()
        here = self.answers.pop(0) if self.answers else None
        return here or elsewhere()


@dataclass
class Recorder:
    """Implements the port `Listener`: it keeps every event."""

    events: list[Event] = field(default_factory=list)

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def close(self, deadline_s: float) -> None:
        pass

    @property
    def told(self) -> list[str]:
        """The kinds of event, without the notes and the progress in between."""
        return [type(event).__name__ for event in self.events if not isinstance(event, (Noted, Progressed))]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    @property
    def progress(self) -> list[str]:
        return [str(event) for event in self.events if isinstance(event, Progressed)]


@dataclass
class FakeScanner:
    """Implements the port `Scanner`.

    Attributes:
        looks: what is told of each digest, one after another; it goes on with the last one, and of a digest that is
            not here it knows that it has no findings.
        asked: every image, in order.
    """

    looks: dict[str, list[Look | TrunklineError]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    name: str = "the fake scanner"

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:
        self.asked.append(str(image))
        digest = image.digest or ""
        left = self.looks.get(digest)
        if left is None:
            return Look(ScanState.SCANNED, Report("fake", digest, (), 12))
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, TrunklineError):
            raise found
        return found


class WorkingCluster(FakeCluster):
    """A cluster whose pods do what their images do.

    A test may fill
        sick: image tags of which every pod crashes, wherever and whenever it runs.
        silent: whether the API stops to answer while a rollout is watched.
        watched: called at the beginning of each watch.
    """

    def __init__(self, helm: FakeHelm) -> None:
        super().__init__()
        self.sick: set[str] = set()
        self.silent = False
        self.watched: Callable[[], None] = lambda: None
        self._helm = helm

    def observe(self, workloads: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        self.watched()
        images = self._images(workloads)
        sick = any(f":{tag}" in image for tag in self.sick for image in images)
        look = seen(0.0, deployment(available=0), pod(CRASHING)) if sick else seen(0.0, deployment(), pod())
        trouble = "no route to host" if self.silent else ""
        for elapsed_s in (0.0, timeout_s):
            yield Observation(
                elapsed_s,
                dict.fromkeys(workloads, next(iter(look.objects.values()))),
                dict.fromkeys(workloads, next(iter(look.owners.values()))),
                dict.fromkeys(workloads, next(iter(look.pods.values()))),
                trouble=trouble,
                expired=elapsed_s > 0,
            )

    def _images(self, workloads: Sequence[Resource]) -> list[str]:
        """What the newest revision of the release that these workloads belong to runs."""
        for name in {name for name, _ in self._helm.records}:
            namespace, _, release = name.partition("/")
            target = ReleaseTarget(ClusterTarget(), namespace, release)
            latest = self._helm.history(target).latest
            objects = self._helm.applied(target, latest.number).objects if latest else ()
            if set(workloads) & set(awaited_in(objects, namespace)):
                return list(images_of(objects))
        return []


@dataclass
class FakeWorld:
    """The fakes, and the `world` that is composed of them."""

    world: World
    clock: FakeClock
    ledger: FakeLedger
    helm: FakeHelm
    cluster: WorkingCluster
    registry: FakeRegistry
    builder: FakeBuilder
    storage: FakeStorage
    source: FakeSource
    approver: FakeApprover
    processes: FakeProcesses
    recorder: Recorder
    forwarding: FakeForwarding
    http: ScriptedHttp
    scanner: FakeScanner
    artifacts: FakeArtifacts
    bill_of_materials: FakeBillOfMaterials

    def check_out(self, commit: Commit) -> None:
        """Another commit is in the work tree now."""
        self.source.others[self.source.head.sha] = self.source.head
        self.source.head = commit

    def pushed(self, commit: Commit | None = None) -> ImageReference:
        """The image of a commit (the one that is checked out), which is in the registry as if built before."""
        image = REPOSITORY.with_tag((commit or self.source.head).tag)
        return image.with_digest(self.registry.put(image, {"tag": image.tag or ""}))

    def target(self, environment: str) -> ReleaseTarget:
        found = self.world.project.environment(environment)
        assert found is not None
        return found.target

    def standing(self, environment: str) -> Revision | None:
        """The revision that stands in an environment."""
        return self.helm.history(self.target(environment)).current

    def commit_in(self, environment: str) -> str:
        """The commit that an environment's marks name; empty where nothing stands."""
        history = self.helm.history(self.target(environment))
        marks = history.marks(history.current) if history.current else None
        return marks.commit if marks else ""

    def killed_at(self, moment: str) -> None:
        """From that moment of Helm's on (see `FakeHelm.interfere`) the process is gone: it writes nothing more."""

        def interfere(now: str) -> None:
            if now == moment:
                self.die()

        self.helm.interfere = interfere

    def die(self) -> None:
        self.ledger.trouble = "the process is gone"
        raise Killed

    def revive(self) -> None:
        """Another process begins."""
        self.ledger.trouble = ""
        self.helm.interfere = lambda _: None
        self.cluster.watched = lambda: None


def fake_world(
    project: Project | None = None,
    *,
    commit: Commit | None = None,
    surroundings: Surroundings | None = None,
    test_exit_code: int = 0,
    listeners: tuple[Listener, ...] = (),
) -> FakeWorld:
    """The world of `a_project()`: its chart and values are in storage, its image is not yet in the registry."""
    clock, ledger, recorder = FakeClock(), FakeLedger(), Recorder()
    helm = FakeHelm(clock)
    cluster = WorkingCluster(helm)
    helm.records = cluster.records
    registry = FakeRegistry()
    builder, artifacts = FakeBuilder(registry), FakeArtifacts(registry)
    bill_of_materials = FakeBillOfMaterials()
    storage = FakeStorage(
        {
            "s3://charts": {"backend-1.0.0.tgz": chart_archive()},
            "s3://values": {
                name: f"name: {name}\n".encode() for name in ("base.yaml", "dev.yaml", "qa.yaml", "prod.yaml")
            },
        }
    )
    source, approver = FakeSource(commit or Commit(SHA, "main", True)), FakeApprover()
    processes = FakeProcesses(lambda _: (test_exit_code, "ran the tests\n", ""), "sh")
    forwarding, http = FakeForwarding(), ScriptedHttp(Unreachable("nobody answers"))
    scanner = FakeScanner()
    numbers = itertools.count(1)
    world = World(
        project=project or a_project(),
        surroundings=surroundings or Surroundings("ada", "laptop"),
        redactor=Redactor([SECRET]),
        clock=clock,
        processes=processes,
        source=source,
        registry=registry,
        artifacts=artifacts,
        bill_of_materials=bill_of_materials,
        local_registry=FakeKeeper(),
        storage=storage,
        values=FakeValues(),
        decryptor=FakeDecryptor(),
        ledger=ledger,
        approver=approver,
        builder=lambda: builder,
        scanner=lambda _: scanner,
        helm=lambda _: helm,
        cluster=lambda _: cluster,
        forwarding=lambda _: forwarding,
        http=http.opened,
        listeners=(*listeners, recorder),
        new_id=lambda: f"id-{next(numbers):04d}",
    )
    return FakeWorld(
        world,
        clock,
        ledger,
        helm,
        cluster,
        registry,
        builder,
        storage,
        source,
        approver,
        processes,
        recorder,
        forwarding,
        http,
        scanner,
        artifacts,
        bill_of_materials,
    )


def chart_archive(**files: str) -> bytes:
    """A packed chart `backend` 1.0.0, with these files added or replaced."""
    texts = {
        "Chart.yaml": "apiVersion: v2\nname: backend\nversion: 1.0.0\n",
        "values.yaml": "replicas: 1\n",
    } | files
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(f"backend/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
