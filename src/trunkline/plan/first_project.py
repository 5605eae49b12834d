"""A first `trunkline.yaml`: made of what was found in a repository, with a reason for everything that is a guess."""

from __future__ import annotations

from dataclasses import field

from trunkline.config import rules
from trunkline.config.circleci.carry_over import Carried, OldEnvironment
from trunkline.dataclass import dataclass
from trunkline.expressions import expression
from trunkline.plan.yaml_text import yaml_scalar

_NOT_A_NAME = expression(r"[^a-z0-9-]+")
_LABEL = expression(r"[a-z0-9](?:[-a-z0-9]{0,51}[a-z0-9])?")
_USUAL = ("dev", "qa", "prod")


@dataclass(frozen=True, slots=True)
class Clues:
    """What was found in a repository; paths are relative to it.

    Attributes:
        name: of the repository.
        trunk: its branch, as far as git knows it.
        dockerfile: empty for none.
        charts: directories with a `Chart.yaml`.
        values: directory and names of values files beside the chart.
        test: a command that runs its tests, and what it was told by.
        carried: what an old configuration of CircleCI says.
    """

    name: str
    trunk: str = ""
    dockerfile: str = ""
    charts: tuple[str, ...] = ()
    values: tuple[str, tuple[str, ...]] = ("", ())
    test: tuple[str, str] = ("", "")
    carried: Carried | None = None


@dataclass(slots=True)
class Draft:
    """A file that is to be written, and what is to be known of it.

    Attributes:
        lines: the file's.
        guesses: sentences: what was taken for what, and why.
        todo: sentences: what somebody has to correct.
    """

    lines: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole file."""
        return "\n".join(self.lines) + "\n"


def first_project(clues: Clues) -> Draft:
    """The draft of a `trunkline.yaml` that passes `trunkline check`."""
    draft = Draft()
    carried = clues.carried or Carried()
    service = _name(carried.variables.get("SERVICE_NAME", "") or clues.name)
    draft.lines += [
        "# How this service goes from a commit to production.",
        "version: 1",
        f"service: {yaml_scalar(service)}",
    ]
    draft.guesses.append(f"The service is called {service}, as the repository is.")
    trunk = carried.trunk or clues.trunk
    if trunk != "main" and _fits(rules.BRANCH, trunk):
        draft.lines.append(f"trunk: {yaml_scalar(trunk)}")
        draft.guesses.append(
            f"The trunk is {trunk}, which {'CircleCI deploys' if carried.trunk else 'is checked out'}."
        )
    _test(draft, clues, carried)
    _image(draft, clues, carried, service)
    _chart(draft, clues, carried, service)
    layers = _values(draft, clues, carried)
    _environments(draft, carried, service, layers)
    _ci(draft, carried)
    return draft


def _test(draft: Draft, clues: Clues, carried: Carried) -> None:
    command, why = (carried.test, "CircleCI's job") if carried.test else clues.test
    if _fits(rules.SCRIPT, command):
        draft.lines.append(f"test: {yaml_scalar(command)}")
        draft.guesses.append(f"The tests are run by `{command}`, as told by {why}.")
    else:
        draft.todo.append("No tests were recognised: name the command that runs them (`test: make test`).")


def _image(draft: Draft, clues: Clues, carried: Carried, service: str) -> None:
    wanted = carried.variables.get("IMAGE_NAME", "") or next(
        (item.variables["IMAGE_NAME"] for item in carried.environments if "IMAGE_NAME" in item.variables), ""
    )
    repository = wanted if "." in wanted.partition("/")[0] or not wanted else f"quay.io/{wanted}"
    if _fits(rules.IMAGE, repository):
        draft.guesses.append(f"The image is {repository}, as CircleCI builds it.")
    else:
        repository = f"quay.io/your-team/{service}"
        draft.todo.append(
            f"Nobody says where the image goes: correct image.repository ({repository} is made up)."
        )
    draft.lines += ["", "image:", f"  repository: {yaml_scalar(repository.partition('@')[0])}"]
    if clues.dockerfile != "Dockerfile" and _fits(rules.PATH, clues.dockerfile):
        draft.lines.append(f"  dockerfile: {yaml_scalar(clues.dockerfile)}")
        draft.guesses.append(f"It is built by {clues.dockerfile}.")
    elif not clues.dockerfile:
        draft.todo.append("There is no Dockerfile: write one, or name it as image.dockerfile.")


def _chart(draft: Draft, clues: Clues, carried: Carried, service: str) -> None:
    told = dict(carried.variables)
    for item in reversed(carried.environments):
        told |= item.variables
    name, repository = (
        told.get("HELM_CHART_NAME", "").rpartition("/")[2],
        told.get("HELM_CHART_REPOSITORY", ""),
    )
    repository = repository or next((bucket for bucket in carried.buckets if "chart" in bucket), "")
    name, repository = _fitting(rules.CHART, name), _fitting(rules.CHARTS, repository)
    draft.lines += ["", "chart:"]
    if name or repository:
        if not name:
            name = service
            draft.todo.append(
                f"Nobody says what the chart is called: correct chart.name ({name} is the service's)."
            )
        if not repository:
            repository = "s3://your-charts"
            draft.todo.append(
                "Nobody says where the chart is: correct chart.repository (s3://your-charts is made up)."
            )
        draft.lines += [f"  name: {yaml_scalar(name)}", f"  repository: {yaml_scalar(repository)}"]
        draft.guesses.append(f"The chart is {name} from {repository}, as CircleCI's jobs have it.")
        if version := _fitting(rules.CHART_VERSION, told.get("HELM_CHART_VERSION", "")):
            draft.lines.append(f"  version: {yaml_scalar(version)}")
    elif clues.charts and _fits(rules.PATH, clues.charts[0]):
        draft.lines.append(f"  path: {yaml_scalar(clues.charts[0])}")
        draft.guesses.append(f"The chart is {clues.charts[0]}, which holds a Chart.yaml.")
        if len(clues.charts) > 1:
            draft.todo.append(f"There are other charts, too: {', '.join(clues.charts[1:])}.")
    else:
        draft.lines.append("  path: chart")
        draft.todo.append("There is no Helm chart here: put one into chart/, or name one from a repository.")


def _values(draft: Draft, clues: Clues, carried: Carried) -> dict[str, list[str]]:
    """Where values are, and which files each environment takes."""
    bucket = _fitting(rules.LOCATION, carried.variables.get("HELM_VALUES_LOCATION", "")) or next(
        (bucket for bucket in carried.buckets if "value" in bucket), ""
    )
    folder, names = clues.values
    if bucket:
        draft.lines += ["", "values:", f"  location: {yaml_scalar(bucket.rstrip('/'))}"]
        draft.guesses.append(f"Values come from {bucket}, as CircleCI's jobs have it.")
        return {item.name: _layers_of(item) for item in carried.environments}
    if names:
        draft.lines += ["", "values:", f"  location: {yaml_scalar(folder)}"]
        draft.guesses.append(f"Values are in {folder}: {', '.join(names)}.")
    base = [name for name in names if name.partition(".")[0] in ("base", "values", "common", "default")][:1]
    places = (
        [item.name for item in carried.environments]
        or [name for name in _USUAL if _layer(name, names)]
        or list(_USUAL[:1])
    )
    return {place: [*base, *_layer(place, names)] for place in places}


def _layers_of(item: OldEnvironment) -> list[str]:
    variables = item.variables
    folder, file = (
        variables.get("HELM_VALUES_S3_FOLDER", "").strip("/"),
        variables.get("HELM_VALUES_FILENAME", ""),
    )
    layers = ["base.yaml"] if variables.get("HELM_VALUES_BASE_ON", "").lower() == "true" else []
    layers += [file] if file else []
    found = [f"{folder}/{name}" if folder else name for name in layers]
    return [name for name in found if _fits(rules.FILE, name)]


def _layer(environment: str, names: tuple[str, ...]) -> list[str]:
    return [
        name for name in names if environment in name.lower().replace("_", "-").replace(".", "-").split("-")
    ][:1]


def _environments(draft: Draft, carried: Carried, service: str, layers: dict[str, list[str]]) -> None:
    known = {item.name: item for item in carried.environments}
    draft.lines += ["", "environments:"]
    before, seen = "", dict[tuple[str, str], str]()
    for name in layers or {"dev": []}:
        old = known.get(name, OldEnvironment(name, ""))
        _place(draft, old, service, seen)
        if layers.get(name):
            draft.lines.append(f"    values: [{', '.join(map(yaml_scalar, layers[name]))}]")
        if before:
            draft.lines += [f"    needs: [{before}]", "    approval: true"]
            if known and not old.approved:
                draft.guesses.append(f"{name} asks for an approval from now on; it did not before.")
        before = name
    if len(layers) < 2:  # noqa: PLR2004 - one is a beginning
        draft.todo.append("There is one environment: add those that follow it, with `needs` and `approval`.")
    elif not {"prod", "production"} & set(layers):
        draft.todo.append(f"There is no production: add it behind {before}.")
    if known:
        draft.guesses.append(f"The environments are {', '.join(layers)}: one for each job that deploys.")


def _place(draft: Draft, old: OldEnvironment, service: str, seen: dict[tuple[str, str], str]) -> None:
    """Where an environment is; `seen` are those before it, by namespace and release."""
    name = old.name
    namespace = _fitting(rules.NAMESPACE, old.variables.get("RELEASE_NAMESPACE", ""))
    release = _fitting(rules.RELEASE, old.variables.get("RELEASE_NAME", "")) or service
    if not namespace:
        namespace = f"{service}-{name}"
        draft.todo.append(f"Nobody says which namespace {name} is: correct environments.{name}.namespace.")
    draft.lines += [f"  {name}:", f"    namespace: {yaml_scalar(namespace)}"]
    if twin := seen.get((namespace, release)):
        # Two environments that are called alike can only be in clusters of their own.
        draft.lines.append(f"    context: {yaml_scalar(name)}")
        draft.todo.append(
            f"{name} has the namespace of {twin}, so it is in another cluster: correct environments.{name}.context."
        )
    seen[namespace, release] = name
    if release != service:
        draft.lines.append(f"    release: {yaml_scalar(release)}")


def _ci(draft: Draft, carried: Carried) -> None:
    contexts = {
        item.name: item.context
        for item in carried.environments
        if _fits(rules.LINE, item.context) and "<<" not in item.context
    }
    if not contexts:
        return
    draft.lines += ["", "ci:", "  circleci:", "    contexts:"]
    draft.lines += [f"      {name}: {yaml_scalar(context)}" for name, context in contexts.items()]
    draft.guesses.append("Jobs keep the contexts that they have on CircleCI.")


def _fits(rule: rules.Rule, text: str) -> bool:
    return bool(text) and not rule.complaint(text) and "${" not in text


def _fitting(rule: rules.Rule, text: str) -> str:
    return text if _fits(rule, text) else ""


def _name(text: str) -> str:
    found = _NOT_A_NAME.sub("-", text.lower()).strip("-")[:40].strip("-")
    return found if _LABEL.fullmatch(found) else "service"
