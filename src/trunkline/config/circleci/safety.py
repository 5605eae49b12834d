"""What CircleCI takes and an engineer would not: secrets in sight, images that move, and ways around an environment."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_nothing, items, scalars, spot_in, text
from trunkline.config.circleci.workflow import Step, Workflow
from trunkline.config.mistakes import quoted
from trunkline.config.yaml_positions import Mapping, Node, Scalar
from trunkline.expressions import expression

_WORDS = expression(r"[a-z0-9]+")
# In the order in which a commit comes to them.
ENVIRONMENTS = {
    "development": {"dev", "development", "develop"},
    "QA": {"qa", "uat", "testing"},
    "staging": {"staging", "stage", "stg", "preprod", "preproduction"},
    "production": {"prod", "production", "prd", "live"},
}
_RANKS = {name: rank for rank, name in enumerate(ENVIRONMENTS)}
_DEPLOYS = {"deploy", "deployment", "deploys", "rollout", "promote"}
_DEPLOYING = expression(
    r"\bhelm\s+(?:upgrade|install)\b|\bkubectl\s+(?:apply|set\s+image|rollout\s+restart)\b|\btrunkline\s+(?:release|promote|run)\b"
    r"|\bterraform\s+apply\b|\bserverless\s+deploy\b|\bcdk\s+deploy\b|\beb\s+deploy\b"
)
_LOGIN = expression(
    r"\b(?:docker|podman|buildah|skopeo|oras|helm\s+registry|az|registry)\s+login\b[^\n|;&]*?\s(?:-p|--password)(?:[= ]|(?=\$))(?!-stdin)"
)
_PASSWORDS = (
    _LOGIN,
    expression(r"\bcurl\b[^\n|;]*?\s(?:-u|--user)[= ]\s*[\"']?[^\s:\"']+:[\"']?\$"),
    expression(r"\bsshpass\s+-p"),
    expression(r"\bmysql(?:dump|admin)?\b[^\n|;]*?\s(?:-p[\"']?\$|--password[= ])"),
    expression(r"\s--password[= ][\"']?\$"),
)
_LITERAL = expression(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{20,})"
)
_SUBSTRING = expression(
    r"\bhelm[0-9]?\s+(?:ls|list)\b[^\n]*?\|\s*grep\s+([^\n|;&)]*)|\bgrep\s+((?:-[a-zA-Z]+\s+)*[\"']?\$\{?[A-Z_]*RELEASE[A-Z_]*\}?[\"']?)"
)
_WHOLE = expression(r"-[a-zA-Z]*[wx]|--line-regexp|--word-regexp|\^")
_OLD_IMAGE = expression(r"circleci/[a-z0-9-]+(?::.*)?")


def check_commands(survey: Survey) -> None:
    """Look at all texts of the file for secrets in sight and matches that match too much."""
    for scalar in scalars(survey.root):
        written = text(scalar)
        for pattern in _PASSWORDS:
            if found := pattern.search(written):
                spot = spot_in(scalar, survey.source, found[0].strip().split("\n")[0][:_ENOUGH])
                survey.add(
                    "secret-in-command",
                    spot,
                    f"a password stands on the command line of {quoted(found[0].strip().split()[0])}",
                    'Give it by standard input: echo "$PASSWORD" | docker login --username "$NAME" --password-stdin'
                    if pattern is _LOGIN
                    else "Give it by standard input, a file or the environment.",
                )
                break
        if found := _LITERAL.search(written):
            spot = spot_in(scalar, survey.source, found[0][:_ENOUGH])
            survey.add(
                "secret-in-command",
                spot,
                "a secret is written out",
                "Take it back, make a new one, and keep that in a context.",
            )
        for found in _SUBSTRING.finditer(written):
            if not _WHOLE.search(found[1] or found[2] or ""):
                spot = spot_in(scalar, survey.source, "grep")
                survey.add(
                    "release-substring",
                    spot,
                    "a release is looked for by a part of its name",
                    'Ask for the very release: helm status "$RELEASE" --namespace "$NAMESPACE"; or let grep match whole words: grep -x.',
                )
                break


def check_images(survey: Survey) -> None:
    """Look at the images that jobs run in."""
    for kind in ("jobs", "executors"):
        for entry in survey.named(kind).values():
            for item in items(child(entry.value, "docker")):
                image = child(item, "image")
                name = text(image)
                if image is None or not name or "<<" in name or "$" in name:
                    continue
                if _OLD_IMAGE.fullmatch(name):
                    survey.add(
                        "obsolete",
                        image.spot,
                        f"the image {quoted(name)} is no longer kept up",
                        f"Take its successor: cimg/{name.partition('/')[2]}",
                    )
                elif _moves(name):
                    survey.add(
                        "image-moving",
                        image.spot,
                        f"the image {quoted(name)} is another one every day",
                        "Name a version, or the digest: image@sha256:...",
                    )


def check_ways(survey: Survey, workflows: list[Workflow]) -> None:
    """Look at how commits come to environments."""
    reached: dict[str, Step] = {}
    for workflow in workflows:
        for step, place in deployments_of(survey, workflow):
            if place:
                reached.setdefault(place, step)
            _check_branch(survey, workflow, step, place)
            _check_order(survey, workflow, step, place)
            _check_tools(survey, step, place)
            if is_nothing(child(step.settings, "context")) and survey.orb(step.job) is None:
                survey.add(
                    "secrets-everywhere",
                    step.spot,
                    f"{quoted(step.name)} has no context",
                    "Put what it needs into a context of its own, and restrict that.",
                )
    first = next(iter(reached.values()), None)
    if (
        first is not None
        and len(reached) > 1
        and "production" not in reached
        and not _speaks_of_production(survey)
    ):
        last = max(reached.items(), key=lambda item: _RANKS[item[0]])
        survey.add(
            "no-production",
            last[1].spot,
            f"the pipeline goes to {' and '.join(sorted(reached, key=_RANKS.__getitem__))}, and never to production",
            "Add an approval and a deployment to production that require this job.",
        )


_ENOUGH = 12


def _moves(image: str) -> bool:
    if "@" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def deployments_of(survey: Survey, workflow: Workflow) -> Iterator[tuple[Step, str]]:
    """The jobs that deploy, each with the environment that its name tells (a key of `ENVIRONMENTS`), or nothing."""
    for step in workflow.steps:
        if step.approval:
            continue
        words = set(_WORDS.findall(f"{step.name} {step.job}".lower()))
        place = _environment(words)
        commands = " ".join(text(scalar) for scalar in scalars(child(_job(survey, step), "steps")))
        if words & _DEPLOYS or _DEPLOYING.search(commands):
            yield step, place


def _job(survey: Survey, step: Step) -> Node | None:
    entry = survey.named("jobs").get(step.job)
    return entry.value if entry else None


def _environment(words: set[str]) -> str:
    found = [name for name, known in ENVIRONMENTS.items() if words & known]
    return found[0] if len(found) == 1 else ""


def _check_branch(survey: Survey, workflow: Workflow, step: Step, place: str) -> None:
    if any(name in entries(workflow.node) for name in ("when", "unless", "triggers")):
        return
    before = workflow.before(step)
    approved = any(other.approval for other in before)
    if any(map(_is_filtered, [step, *before])) or (approved and place != "production"):
        return
    where = f" to {place}" if place else ""
    but = ", with an approval" if approved else ""
    survey.add(
        "deploy-any-branch",
        step.spot,
        f"{quoted(step.name)} deploys{where} from every branch{but}",
        'Let only the trunk get there: filters: pipeline.git.branch == "main"',
    )


def _is_filtered(step: Step) -> bool:
    return not is_nothing(child(step.settings, "filters")) or "when" in entries(step.settings)


def _check_order(survey: Survey, workflow: Workflow, step: Step, place: str) -> None:
    if not place:
        return
    earlier = [
        (other, where)
        for other, where in deployments_of(survey, workflow)
        if where and _RANKS[where] < _RANKS[place] and not _are_apart(step, other)
    ]
    if not earlier:
        return
    nearest = max(_RANKS[where] for _, where in earlier)
    wanted = [other for other, where in earlier if _RANKS[where] == nearest]
    before = workflow.before(step, on_success=True)
    if not any(other is known for other in wanted for known in before):
        name = wanted[0].name
        survey.add(
            "environment-skipped",
            step.spot,
            f"{quoted(step.name)} does not wait for {quoted(name)}",
            f"Let it, or its approval, require {name}.",
        )


def _are_apart(one: Step, other: Step) -> bool:
    """Whether two jobs are for branches of their own."""
    said = [_spelled(child(step.settings, "filters")) for step in (one, other)]
    return bool(said[0]) and bool(said[1]) and said[0] != said[1]


def _spelled(node: Node | None) -> str:
    return " ".join(text(scalar) for scalar in scalars(node))


def _check_tools(survey: Survey, step: Step, place: str) -> None:
    job = _job(survey, step)
    if not place or job is None:
        return
    images = [child(item, "image") for item in items(child(job, "docker"))]
    executor = child(job, "executor")
    images.append(child(executor, "name") if isinstance(executor, Mapping) else executor)
    for image in images:
        if not isinstance(image, Scalar) or "<<" in text(image):
            continue
        other = _environment(set(_WORDS.findall(text(image).lower())))
        if other and other != place:
            survey.add(
                "foreign-image",
                image.spot,
                f"{quoted(step.name)} deploys to {place} and runs in {quoted(text(image))}, which is made for {other}",
                f"Run it in the image of {place}.",
            )


def _speaks_of_production(survey: Survey) -> bool:
    names = [*survey.named("jobs"), *entries(child(survey.root, "workflows"))]
    names += [text(scalar) for scalar in scalars(child(survey.root, "workflows"))]
    return any(set(_WORDS.findall(name.lower())) & ENVIRONMENTS["production"] for name in names)
