"""What an old configuration of CircleCI says of a service: its environments, releases, images, buckets and tests."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import field

from trunkline.config.circleci.safety import deployments_of
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, items, scalars, text
from trunkline.config.circleci.workflow import Step, workflows_of
from trunkline.config.yaml_positions import Mapping, Node, parse
from trunkline.dataclass import dataclass
from trunkline.expressions import expression

# How environments are mostly called, by the names that the checks have for them.
_NAMES = {"development": "dev", "QA": "qa", "staging": "staging", "production": "prod"}
_VARIABLE = expression(r"\b(?:export\s+)?((?:IMAGE|RELEASE|HELM|DD)_[A-Z0-9_]+)=[\"']?([^\s\"';$&|]+)")
_PUSHED = expression(
    r"\b(?:docker|podman|buildah)\s+(?:push|build\b[^\n]*?(?:-t|--tag))[= ]\s*[\"']?([a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+)"
)
_UPGRADE = expression(r"\bhelm[0-9]?\s+(?:upgrade|install)\b([^\n|;&]*)")
_NAMESPACE = expression(r"(?:--namespace|-n)[= ]\s*[\"']?([a-z0-9][a-z0-9-]*)")
_VALUES = expression(r"(?:--values|-f)[= ]\s*[\"']?([^\s\"'$]+)")
_BUCKET = expression(r"s3://[a-z0-9.-]+(?:/[A-Za-z0-9._/-]*)?")
_BRANCH = expression(r"pipeline\.git\.branch\s*==\s*[\"']([^\"']+)[\"']")
_SETUP = expression(
    r"\s*(?:npm (?:ci|install)|yarn(?: install)?|pip install|bundle install|poetry install)\b"
)
_WORDS = expression(r"[a-z0-9]+")


@dataclass(slots=True)
class OldEnvironment:
    """One environment of the old pipeline.

    Attributes:
        variables: what its job says, by the names of the scripts' variables.
        approved: whether a person says yes first.
    """

    name: str
    job: str
    variables: dict[str, str] = field(default_factory=dict)
    approved: bool = False
    context: str = ""
    image: str = ""


@dataclass(slots=True)
class Carried:
    """What can be carried over.

    Attributes:
        variables: what all jobs say, and what the others than the environments' do.
        environments: in the order of the workflow.
        test: the command of the job that tests; empty where none was recognised.
        trunk: the branch that is deployed, where the file says one.
        buckets: every `s3://` address that it names.
    """

    variables: dict[str, str] = field(default_factory=dict)
    environments: list[OldEnvironment] = field(default_factory=list)
    test: str = ""
    trunk: str = ""
    buckets: tuple[str, ...] = ()


def carried_from(content: str) -> Carried:
    """What the text of an old `.circleci/config.yml` says; nothing of one that cannot be read."""
    root = parse(content, merging=True).root
    found = Carried()
    if not isinstance(root, Mapping):
        return found
    survey = Survey(root, content.splitlines())
    found.buckets = tuple(
        dict.fromkeys(bucket for scalar in scalars(root) for bucket in _BUCKET.findall(text(scalar)))
    )
    deploying: set[str] = set()
    for workflow in workflows_of(root):
        for step, place in deployments_of(survey, workflow):
            deploying.add(step.job)
            name = _NAMES.get(place, "")
            if not name or any(item.name == name for item in found.environments):
                continue
            approved = any(other.approval for other in _direct(workflow.before(step), step))
            made = OldEnvironment(name, step.name, approved=approved)
            made.context = next(
                (text(item) for item in items(child(step.settings, "context")) if text(item)), ""
            )
            job = _job(survey, step.job)
            made.image = next((text(child(item, "image")) for item in items(child(job, "docker"))), "")
            made.variables = _variables(job) | _of_arguments(step)
            found.environments.append(made)
        found.trunk = found.trunk or _trunk(workflow.node)
    for name, entry in survey.named("jobs").items():
        if name in deploying:
            continue
        found.variables = _variables(entry.value) | found.variables
        if not found.test and set(_WORDS.findall(name.lower())) & {"test", "tests", "unit"}:
            found.test = _test(entry.value)
    return found


def _direct(before: list[Step], step: Step) -> list[Step]:
    """What a job itself requires: an approval further back was for another environment."""
    names = {need.name for need in step.needs}
    return [other for other in before if other.name in names]


def _job(survey: Survey, name: str) -> Node | None:
    entry = survey.named("jobs").get(name)
    return entry.value if entry else None


def _variables(job: Node | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for holder in (job, *(child(step, "run") for step in items(child(job, "steps")))):
        for name, entry in entries(child(holder, "environment")).items():
            found.setdefault(name, text(entry.value))
    for scalar in scalars(child(job, "steps")):
        written = text(scalar)
        found = dict(_VARIABLE.findall(written)) | found
        if pushed := _PUSHED.search(written):
            found.setdefault(
                "IMAGE_NAME",
                pushed[1].partition(":")[0]
                if pushed[1].count(":") == 1 and "/" in pushed[1].partition(":")[0]
                else pushed[1],
            )
        for upgrade in _UPGRADE.finditer(written):
            found = _of_upgrade(upgrade[1]) | found
    return {name: value for name, value in found.items() if value and "$" not in value and "<<" not in value}


def _of_upgrade(arguments: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if namespace := _NAMESPACE.search(arguments):
        found["RELEASE_NAMESPACE"] = namespace[1]
    if values := _VALUES.findall(arguments):
        found["HELM_VALUES_FILENAME"] = values[-1]
    words = [
        word for word in _VALUES.sub("", _NAMESPACE.sub("", arguments)).split() if not word.startswith("-")
    ]
    if words:
        found["RELEASE_NAME"] = words[0].strip("\"'")
    if len(words) > 1:
        found["CHART"] = words[1].strip("\"'")
    return found


def _of_arguments(step: Step) -> dict[str, str]:
    """A job's arguments that are called like the scripts' variables."""
    return {
        name.upper().replace("-", "_"): text(entry.value)
        for name, entry in entries(step.settings).items()
        if name.upper().startswith(("RELEASE", "HELM", "IMAGE", "DD_")) and text(entry.value)
    }


def _trunk(node: Map[str, object] | Node) -> str:
    if not isinstance(node, Mapping):
        return ""
    for scalar in scalars(node):
        if found := _BRANCH.search(text(scalar)):
            return found[1]
    for item in items(child(node, "jobs")):
        for entry in entries(item).values():
            only = [text(name) for name in items(child(entry.value, "filters", "branches", "only"))]
            if only and not only[0].startswith("/"):
                return only[0]
    return ""


def _test(job: Node) -> str:
    """The commands of a job that tests, without those that only install."""
    commands = []
    for step in items(child(job, "steps")):
        run = child(step, "run")
        command = text(child(run, "command")) or text(run)
        if command and "<<" not in command and not _SETUP.match(command):
            commands.append(command.strip())
    return " && ".join(commands) if all("\n" not in item for item in commands) else ""
