"""What a deployment has to do, decided from what stands there: a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.projects import an_environment
from trunkline.config.checks import CommandCheck, Expectation, HelmTest, HttpCheck
from trunkline.config.project import ImageKeys
from trunkline.domain.images import parse_image
from trunkline.domain.ingredients import ChartOrigin, Ingredients, LayerOrigin
from trunkline.domain.releases import History, Marks, Revision, parse_marks
from trunkline.errors import UsageError
from trunkline.plan.releases import (
    Facts,
    Material,
    image_in,
    image_pins,
    plan_release,
    plan_rollback,
    release_identity,
)
from trunkline.plan.steps import (
    Apply,
    AwaitRollout,
    Check,
    Forget,
    Keep,
    NoteGood,
    Plan,
    Remove,
    Repair,
    Return,
    undo_of,
)

DIGEST = "sha256:" + "ab" * 32
IMAGE = parse_image(f"registry.example/sample:0123456@{DIGEST}")
KEYS = ImageKeys()
MADE_OF = Ingredients(
    ChartOrigin("backend", "1.0.0", "f0" * 32),
    (LayerOrigin("base.yaml", "a0" * 32), LayerOrigin("dev.yaml", "b0" * 32)),
)
MATERIAL = Material(Path("/c/backend.tgz"), (Path("/c/base.yaml"), Path("/c/dev.yaml")), MADE_OF)
IDENTITY = release_identity(MATERIAL, image_pins(IMAGE, KEYS))
FOREIGN = "Upgrade complete"


def revision(number: int, status: str = "superseded", description: str = "", **marks: str) -> Revision:
    """One of ours, of run `run-<number>`, unless a description is given."""
    ours: dict[str, Any] = {
        "commit": f"c{number}",
        "release": f"r{number}",
        "run": f"run-{number}",
        "image": str(IMAGE),
    }
    text = description or Marks(**ours | marks).description()
    return Revision(number, status, datetime(2026, 3, 1, tzinfo=UTC), "backend-1.0.0", text)


def this_one(number: int, status: str = "deployed") -> Revision:
    """The revision that an earlier, killed process of this very run made."""
    return revision(number, status, run="run-now", release=IDENTITY)


def planned(*revisions: Revision, good: tuple[int, ...] = (), **settings: Any) -> Plan:
    facts = Facts(History(revisions), frozenset(good))
    marks = Marks("c-now", run="run-now", kind="release", actor="ada")
    return plan_release(an_environment(**settings), facts, MATERIAL, IMAGE, KEYS, marks)


def test_checks_know_what_is_deployed() -> None:
    """Each check is a step after the rollout and before the note, with commit and image filled in."""
    checks = (
        HttpCheck(
            "v", url="https://x/${TRUNKLINE_DIGEST}", expect=Expectation(contains="${TRUNKLINE_COMMIT}")
        ),
        CommandCheck("c", "true", {"A": "b"}),
        HelmTest("t"),
    )
    plan = planned(revision(1, "deployed"), checks=checks)
    assert [type(step) for step in plan.steps] == [Apply, AwaitRollout, Check, Check, Check, NoteGood]
    http, command, test = (step.check for step in plan.steps if isinstance(step, Check))
    assert http == HttpCheck("v", url=f"https://x/{DIGEST}", expect=Expectation(contains="c-now"))
    assert isinstance(command, CommandCheck)
    assert command.environment == {
        "A": "b",
        "TRUNKLINE_COMMIT": "c-now",
        "TRUNKLINE_SHORT_COMMIT": "c-now",
        "TRUNKLINE_IMAGE": str(IMAGE),
        "TRUNKLINE_DIGEST": DIGEST,
    }
    assert test == HelmTest("t")


def test_a_rollout_that_was_cut_off_is_checked_when_it_is_resumed() -> None:
    """A revision counts as good only after all that it has to go through, whoever waits for it in the end."""
    plan = planned(revision(1), this_one(2), good=(1,), checks=(HelmTest("t"),))
    assert [type(step) for step in plan.steps] == [AwaitRollout, Check, NoteGood]


def test_a_failure_is_kept_where_that_is_configured() -> None:
    """The plan says so before anything is done, for upgrades, first installs and rollouts that are resumed."""
    note = "what fails is kept as it is, and not undone (on_failure: keep)"
    for revisions, undo in (
        ([revision(1, "deployed")], Return(1, "the new one failed")),
        ([], Remove("its first install failed")),
        ([revision(1), this_one(2)], Return(1, "the new one failed")),
    ):
        plan = planned(*revisions, good=(1,) if revisions else (), on_failure="keep")
        [found] = filter(None, map(undo_of, plan.steps))
        assert found == Keep(undo)
        assert plan.notes[-1] == note
    assert planned(on_failure="keep").deed == "install"
    assert note not in planned().notes


def test_a_rollback_is_not_checked() -> None:
    """What is returned to was good by the checks of its own time."""
    facts = Facts(History((revision(1), revision(2, "deployed"))), frozenset({1, 2}))
    plan, _ = plan_rollback(an_environment(checks=(HelmTest("t"),)), facts, None)
    assert [type(step) for step in plan.steps] == [Return, AwaitRollout, NoteGood]


def told(plan: Plan) -> str:
    """A plan's steps in short, with the undo of each."""

    def short(step: object) -> str:
        match step:
            case Return(number, _):
                return f"return {number}"
            case Remove():
                return "remove"
            case Repair(number, _):
                return f"repair {number}"
            case Apply(install=install, undo=undo):
                return f"{'install' if install else 'upgrade'} (or {short(undo)})"
            case AwaitRollout(revision=0):
                return "wait"
            case AwaitRollout(revision=number, undo=undo):
                return f"wait for {number} (or {short(undo)})"
            case NoteGood():
                return "note"
            case Forget():
                return "forget"
            case _:
                return repr(step)

    return ", ".join(map(short, plan.steps))


@pytest.mark.parametrize(
    ("revisions", "good", "deed", "steps"),
    [
        pytest.param([], [], "install", "install (or remove), wait, note", id="nothing there"),
        pytest.param(
            [], [1, 4], "install", "forget, install (or remove), wait, note", id="uninstalled by somebody else"
        ),
        pytest.param(
            [revision(1, "deployed")], [1], "upgrade", "upgrade (or return 1), wait, note", id="a good one stands"
        ),
        pytest.param(
            [revision(1, "deployed", FOREIGN)], [], "upgrade", "upgrade (or return 1), wait, note", id="others' stands"
        ),
        pytest.param(
            [revision(1), revision(2, "deployed")], [1], "upgrade", "upgrade (or return 1), wait, note",
            id="a doubted one stands over a good one",
        ),
        pytest.param(
            [revision(1, "deployed")], [], "upgrade", "upgrade (or return 1), wait, note",
            id="only a doubted one stands: better than nothing",
        ),
        pytest.param(
            [revision(7), revision(8, "deployed")], [], "upgrade", "upgrade (or return 8), wait, note",
            id="the notes of what was good are lost",
        ),
        pytest.param([revision(1, "failed")], [], "install", "install (or remove), wait, note", id="never stood"),
        pytest.param(
            [revision(1, "pending-install")], [], "install", "remove, install (or remove), wait, note",
            id="killed in its first install",
        ),
        pytest.param(
            [revision(1, "deployed"), revision(2, "pending-upgrade")], [1], "upgrade",
            "repair 2, upgrade (or return 1), wait, note", id="killed in an upgrade",
        ),
        pytest.param(
            [revision(1), revision(2, "failed"), revision(3, "pending-rollback")], [1], "upgrade",
            "repair 3, upgrade (or return 1), wait, note", id="killed in its undo",
        ),
        pytest.param(
            [revision(1, "failed"), revision(2, "pending-upgrade")], [], "install",
            "repair 2, install (or remove), wait, note", id="killed in the second try of a first install",
        ),
        pytest.param(
            [revision(1, "uninstalling")], [], "install", "remove, install (or remove), wait, note",
            id="killed while it was removed",
        ),
        pytest.param(
            [revision(1), revision(2, "uninstalled")], [1], "install", "install (or remove), wait, note",
            id="uninstalled on purpose, its history kept",
        ),
        pytest.param(
            [revision(1), this_one(2)], [1], "resume", "wait for 2 (or return 1), note", id="killed while it waited"
        ),
        pytest.param([this_one(1)], [], "resume", "wait for 1 (or remove), note", id="killed in its first wait"),
        pytest.param([revision(1), this_one(2)], [1, 2], "resume", "", id="killed after everything was done"),
        pytest.param(
            [revision(1), this_one(2, "failed")], [1], "upgrade", "upgrade (or return 1), wait, note",
            id="this one, but Helm failed",
        ),
        pytest.param(
            [revision(1), this_one(2, "superseded"), revision(3, "deployed", "Rollback to 1")], [1], "upgrade",
            "upgrade (or return 3), wait, note", id="this one, but it was undone",
        ),
        pytest.param(
            [revision(1), revision(2, "deployed", run="run-now", release="other")], [1], "upgrade",
            "upgrade (or return 1), wait, note", id="this run, with other values",
        ),
        pytest.param(
            [revision(1), revision(2, "deployed", run="run-2", release=IDENTITY)], [1, 2], "resume",
            "", id="the same release, asked for again",
        ),
    ],
)  # fmt: skip
def test_release(revisions: list[Revision], good: list[int], deed: str, steps: str) -> None:
    """Install, upgrade, repair or only wait: the history decides, and so does the way back."""
    plan = planned(*revisions, good=tuple(good))
    assert (plan.deed, told(plan)) == (deed, steps)


def test_the_same_release_once_more() -> None:
    """What stands already, and was good, is deployed once more only when somebody says so."""
    facts = Facts(History((revision(1, "deployed", release=IDENTITY),)), frozenset({1}))
    plan = plan_release(an_environment(), facts, MATERIAL, IMAGE, KEYS, Marks("c-now"), again=True)
    assert (plan.deed, told(plan)) == ("upgrade", "upgrade (or return 1), wait, note")


def test_the_upgrade_holds_everything() -> None:
    """The step bears chart, layers, pins, limits and the marks that are read back from the cluster later."""
    plan = planned(history_max=7, create_namespace=False, timeout_s=90.0)
    [apply] = [step for step in plan.steps if isinstance(step, Apply)]
    assert (apply.chart, apply.values, apply.chart_label) == (
        MATERIAL.chart,
        MATERIAL.values,
        "backend-1.0.0",
    )
    assert (apply.history_max, apply.create_namespace, apply.timeout_s) == (7, False, 90.0)
    assert apply.pins == {
        "image": {"repository": "registry.example/sample", "tag": "0123456", "digest": DIGEST}
    }
    assert parse_marks(apply.description) == Marks("c-now", str(IMAGE), IDENTITY, "run-now", "release", "ada")
    assert (plan.environment, plan.release) == ("dev", "team-dev/sample")
    assert (plan.commit, plan.image, plan.digest) == ("c-now", str(IMAGE), DIGEST)


@pytest.mark.parametrize(
    ("revisions", "image", "note"),
    [
        ([revision(3, "deployed", FOREIGN)], IMAGE, "revision 3 was not made by Trunkline"),
        ([], parse_image("registry.example/sample:1"), "the image is pinned by its tag alone"),
        ([this_one(2)], IMAGE, "only its rollout is still to be seen"),
    ],
)
def test_notes(revisions: list[Revision], image: Any, note: str) -> None:
    """What a person should know of what was found is said."""
    marks = Marks("c-now", run="run-now")
    plan = plan_release(
        an_environment(), Facts(History(tuple(revisions)), frozenset()), MATERIAL, image, KEYS, marks
    )
    assert any(note in said for said in plan.notes)


@pytest.mark.parametrize(
    ("revisions", "good", "to", "goal"),
    [
        pytest.param([revision(1), revision(2, "deployed")], [1, 2], None, 1, id="the good one before"),
        pytest.param([revision(1), revision(2), revision(3, "deployed")], [1, 3], None, 1, id="over a doubted one"),
        pytest.param([revision(1), revision(2), revision(3, "deployed")], [1, 3], 2, 2, id="a doubted one, by name"),
        pytest.param(
            [revision(1), revision(2, release="r3"), revision(3, "deployed")], [1, 2, 3], None, 1,
            id="the same release again is no way back",
        ),
        pytest.param(
            [revision(1), revision(2), revision(3, "deployed", "Rollback to 1")], [1, 2, 3], None, 2,
            id="back again from a rollback",
        ),
        pytest.param([revision(1, "superseded", FOREIGN), revision(2, "deployed")], [2], None, 1, id="others' one"),
        pytest.param([revision(1), revision(2, "failed")], [1], None, 1, id="only a failed one is newer"),
    ],
)  # fmt: skip
def test_rollback(revisions: list[Revision], good: list[int], to: int | None, goal: int) -> None:
    """A rollback returns to the newest good revision that runs something else, or to the one that is named."""
    plan, found = plan_rollback(an_environment(), Facts(History(tuple(revisions)), frozenset(good)), to)
    assert found.number == goal
    assert told(plan) == f"return {goal}, wait, note"
    assert plan.deed == "rollback"


def test_a_rollback_tells_what_will_run() -> None:
    """Commit, image and digest of the plan are those of the revision that is returned to."""
    facts = Facts(History((revision(1), revision(2, "deployed"))), frozenset({1, 2}))
    plan, _ = plan_rollback(an_environment(), facts, None)
    assert (plan.commit, plan.image, plan.digest) == ("c1", str(IMAGE), DIGEST)


def test_a_rollback_repairs_first() -> None:
    """What a dead client left pending would refuse the rollback, too."""
    facts = Facts(History((revision(1, "deployed"), revision(2, "pending-upgrade"))), frozenset({1}))
    plan, _ = plan_rollback(an_environment(), facts, 1)
    assert told(plan) == "repair 2, return 1, wait, note"


@pytest.mark.parametrize(
    ("revisions", "to", "message"),
    [
        ([], None, r"team-dev/sample has no earlier good revision to return to \(kept: none\)"),
        ([revision(4, "deployed")], None, r"earlier good revision to return to \(kept: 4\)"),
        ([revision(4, "deployed")], 2, r"no revision 2 to return to \(kept: 4\)"),
        ([revision(3), revision(4, "deployed")], 0, r"no revision 0 to return to \(kept: 3, 4\)"),
    ],
)
def test_nothing_to_return_to(revisions: list[Revision], to: int | None, message: str) -> None:
    """Where there is no way back, the sentence tells which revisions are kept."""
    with pytest.raises(UsageError, match=message):
        plan_rollback(an_environment(), Facts(History(tuple(revisions)), frozenset({4})), to)


@pytest.mark.parametrize(
    ("keys", "pins"),
    [
        (
            ImageKeys("app.image.name", "app.image.version", "app.digest"),
            {"app": {"image": {"name": "registry.example/sample", "version": "0123456"}, "digest": DIGEST}},
        ),
        (ImageKeys("", "tag", ""), {"tag": "0123456"}),
        (ImageKeys("", "", ""), {}),
    ],
)
def test_pins(keys: ImageKeys, pins: dict[str, object]) -> None:
    """The chart's own keys take the image's parts; an empty key takes none."""
    assert image_pins(IMAGE, keys) == pins


def test_what_is_not_known_is_not_pinned() -> None:
    """An image without a digest leaves the digest to the values."""
    assert image_pins(parse_image("r.example/a:1"), KEYS) == {
        "image": {"repository": "r.example/a", "tag": "1"}
    }


@pytest.mark.parametrize(
    "keys",
    [
        ImageKeys("image.repository", "image.tag", "image.tag.digest"),
        ImageKeys("image", "image.tag", "image.digest"),
        ImageKeys("image.repository", "image.tag.name", "image.tag"),
        ImageKeys("image.repository", "image.ref", "image.ref"),
    ],
)
def test_keys_that_take_each_other_s_place(keys: ImageKeys) -> None:
    """Keys of which one overwrites another are refused, instead of deploying without the tag or the digest."""
    with pytest.raises(UsageError, match="takes the place of another one"):
        image_pins(IMAGE, keys)


_path = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3).map(".".join) | st.just("")


@given(_path, _path, _path)
def test_pins_hold_every_part_or_are_refused(repository: str, tag: str, digest: str) -> None:
    """Whatever the keys, each part stands at its path, or the keys are refused."""
    try:
        pins = image_pins(IMAGE, ImageKeys(repository, tag, digest))
    except UsageError:
        return
    for path, value in ((repository, IMAGE.repository), (tag, IMAGE.tag), (digest, IMAGE.digest)):
        place: Any = pins
        for part in filter(None, path.split(".")):
            place = place[part]
        assert not path or place == value


def test_identity_tells_releases_apart() -> None:
    """Chart, values and image make the identity; the same ones make it again."""
    pins = image_pins(IMAGE, KEYS)
    other = image_pins(IMAGE.with_tag("2"), KEYS)
    changed = replace(MATERIAL, ingredients=replace(MADE_OF, layers=MADE_OF.layers[:1]))
    moved = ChartOrigin("backend", "1.0.0", MADE_OF.chart.digest, "s3://elsewhere")
    elsewhere = Material(Path("/elsewhere"), (), replace(MADE_OF, chart=moved))
    assert release_identity(elsewhere, pins) == IDENTITY
    assert len({IDENTITY, release_identity(MATERIAL, other), release_identity(changed, pins)}) == 3


def test_a_marked_image_may_be_anything() -> None:
    """Descriptions can be written by anybody; an image that cannot be read is none."""
    assert image_in(Marks("c", image=str(IMAGE))) == IMAGE
    assert image_in(Marks("c", image="not an@image")) is None
    assert image_in(Marks("c")) is None
