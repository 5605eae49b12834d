"""Workflows: whether their jobs are there and get what they take, what requires what, and what approvals gate."""

from __future__ import annotations

from trunkline.config.circleci import places
from trunkline.config.circleci.conditions import check_logic, check_text
from trunkline.config.circleci.parameters import check_arguments, declared
from trunkline.config.circleci.steps import check_steps
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, items, kind_of, text
from trunkline.config.circleci.workflow import Need, Step, Workflow
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Scalar, Sequence
from trunkline.expressions import expression

_SERIAL_GROUP = expression(r"[A-Za-z0-9._/-]{1,512}")
_TEMPLATE = expression(r"<<.*?>>")
_FILTERS = ("branches", "tags")
_CHOICES = ("only", "ignore")
# What nobody can give a meaning to in an approval.
_RUNS = ("steps", "pre-steps", "post-steps", "docker", "executor")


def check_workflow_shapes(survey: Survey) -> None:
    """See that `workflows` and each of them is what can be read as one."""
    node = child(survey.root, "workflows")
    if node is None or is_templated(node):
        return
    if not survey.kind(node, "map", "`workflows`"):
        return
    for name, entry in entries(node).items():
        if name == "version" or is_templated(entry.value):
            continue
        where = f"the workflow {quoted(name)}"
        if not isinstance(entry.value, Mapping):
            survey.add(
                "shape",
                entry.spot,
                f"{where} is a mapping, not {kind_of(entry.value)}",
                "Write its jobs below it.",
            )
            continue
        survey.keys(entry.value, places.WORKFLOW, where)
        survey.values(entry.value, dict(places.WORKFLOW), where)
        survey.needs(entry.value, ["jobs"], where)
        check_logic(survey, child(entry.value, "when"))
        check_logic(survey, child(entry.value, "unless"))
        for item in items(child(entry.value, "jobs")):
            if isinstance(item, Sequence) or (isinstance(item, Mapping) and len(item.entries) != 1):
                what = "nothing" if isinstance(item, Sequence) else ", ".join(item.entries) or "nothing"
                survey.add(
                    "shape",
                    item.spot,
                    f"a job of a workflow is one name with what belongs to it below, and this one has {what}",
                    "Indent what belongs to the job below its name.",
                )


def check_workflow(survey: Survey, workflow: Workflow) -> None:
    """Look at one workflow."""
    for step in workflow.steps:
        _check_step(survey, step)
        for need in step.needs:
            _check_need(survey, workflow, step, need)
    _check_names(survey, workflow)
    _check_circles(survey, workflow)
    _check_approvals(survey, workflow)
    _check_serial_groups(survey, workflow)


def _check_step(survey: Survey, step: Step) -> None:
    settings = step.settings
    survey.values(settings, dict(places.ENTRY), f"the job {quoted(step.name)}")
    _check_filters(survey, step)
    check_logic(survey, child(settings, "when"))
    check_steps(survey, child(settings, "pre-steps"))
    check_steps(survey, child(settings, "post-steps"))
    kind = child(settings, "type")
    if kind is not None and not is_templated(kind) and text(kind) not in places.JOB_TYPES:
        survey.add(
            "shape",
            kind.spot,
            f"the type of {quoted(step.name)} is {quoted(text(kind))}{suggestion(text(kind), places.JOB_TYPES)}",
            f"Write one of {', '.join(sorted(places.JOB_TYPES))}.",
        )
    if step.approval:
        known = {*places.ENTRY, *_RUNS}
        survey.keys(settings, known, f"the approval {quoted(step.name)}")
    elif "<<" not in step.job:
        _check_job(survey, step)


def _check_job(survey: Survey, step: Step) -> None:
    from_orb = survey.orb(step.job)
    if from_orb is False:
        survey.unknown_orb(step.spot, step.job)
    if from_orb is not None:
        return
    jobs = survey.named("jobs")
    if step.job in entries(child(survey.root, "job-groups")):
        return
    if step.job not in jobs:
        typed = next((name for name in entries(step.settings) if suggestion(name, ["type"])), "")
        mend = (
            "Write `type: approval` for an approval."
            if typed
            else "Declare it below `jobs`, or correct its name."
        )
        survey.add(
            "unknown-job", step.spot, f"there is no job {quoted(step.job)}{suggestion(step.job, jobs)}", mend
        )
        return
    own = {*places.ENTRY, *places.ENTRY_OF_RELEASE}
    given = {name: entry for name, entry in entries(step.settings).items() if name not in own}
    for name in [name for name in given if name not in declared(jobs[step.job].value)]:
        if near := suggestion(name, places.ENTRY):
            survey.add(
                "unknown-key",
                given.pop(name).spot,
                f"the job {quoted(step.name)} has no key {quoted(name)} in a workflow{near}",
                "Correct its name, or remove it.",
            )
    multiplied = frozenset(entries(child(step.matrix, "parameters")))
    wanted = declared(jobs[step.job].value)
    check_arguments(
        survey, given, wanted, Entry(step.spot, step.settings), f"the job {quoted(step.job)}", multiplied
    )
    for name, entry in entries(child(step.matrix, "parameters")).items():
        if name not in wanted:
            survey.add(
                "unknown-parameter",
                entry.spot,
                f"the job {quoted(step.job)} has no parameter {quoted(name)}{suggestion(name, wanted)}, which its matrix gives",
                "Declare it below the job's `parameters`, or correct its name.",
            )
    if step.matrix is not None:
        survey.keys(step.matrix, ("parameters", "exclude", "alias"), f"the matrix of {quoted(step.name)}")
        survey.needs(step.matrix, ["parameters"], f"the matrix of {quoted(step.name)}")


def _check_filters(survey: Survey, step: Step) -> None:
    entry = entries(step.settings).get("filters")
    if entry is None or is_nothing(entry.value) or is_templated(entry.value):
        return
    if isinstance(entry.value, Mapping):
        survey.keys(entry.value, _FILTERS, f"`filters` of {quoted(step.name)}")
        for kind, filtered in entries(entry.value).items():
            if isinstance(filtered.value, Mapping) and kind in _FILTERS:
                survey.keys(filtered.value, _CHOICES, f"`{kind}` of {quoted(step.name)}")
            elif kind in _FILTERS:
                survey.kind(filtered.value, "map", f"`{kind}` of {quoted(step.name)}")
        survey.add(
            "obsolete",
            entry.spot,
            f"`filters` of {quoted(step.name)} is written as a mapping, which expressions have replaced",
            f"Write it as an expression, such as: filters: {_as_expression(entry.value)}",
        )
    elif isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
        check_text(survey, entry.value)
    else:
        survey.add(
            "shape",
            entry.value.spot,
            f"`filters` of {quoted(step.name)} is an expression, not {kind_of(entry.value)}",
            'Write an expression, such as: pipeline.git.branch == "main"',
        )


def _as_expression(node: Mapping) -> str:
    """What a mapping of filters says, where that is simple."""
    parts = []
    for kind, value in (("branches", "pipeline.git.branch"), ("tags", "pipeline.git.tag")):
        only = [text(item) for item in items(child(node, kind, "only"))]
        ignored = [text(item) for item in items(child(node, kind, "ignore"))]
        chosen = [f'{value} == "{item}"' for item in only if not item.startswith("/")]
        chosen += [f"{value} =~ {item}" for item in only if item.startswith("/")]
        if chosen:
            parts.append(" or ".join(chosen))
        parts += [f'{value} != "{item}"' for item in ignored if not item.startswith("/")]
    return (
        " and ".join(f"({part})" if " or " in part and len(parts) > 1 else part for part in parts)
        or 'pipeline.git.branch == "main"'
    )


def _check_need(survey: Survey, workflow: Workflow, step: Step, need: Need) -> None:
    for status in need.statuses:
        if text(status) not in places.STATUSES and not is_templated(status):
            survey.add(
                "requires-status",
                status.spot,
                f"there is no status {quoted(text(status))}{suggestion(text(status), places.STATUSES)}",
                f"Write one of {', '.join(sorted(places.STATUSES))}.",
            )
    found = workflow.found(need.name)
    if not found:
        known = [other.name for other in workflow.steps]
        survey.add(
            "requires-unknown",
            need.spot,
            f"{quoted(step.name)} requires {quoted(need.name)}, which is not in the workflow {quoted(workflow.name)}{suggestion(need.name, known)}",
            "Add the job to the workflow, or correct its name.",
        )
    elif any(other is step for other in found) and len(found) == 1:
        survey.add(
            "requires-self",
            need.spot,
            f"{quoted(step.name)} requires itself",
            "Remove it from its own `requires`.",
        )


def _check_names(survey: Survey, workflow: Workflow) -> None:
    seen: dict[str, Step] = {}
    for step in workflow.steps:
        if "<<" in step.name:
            continue
        earlier = seen.setdefault(step.name, step)
        # A job that is there twice without names gets a number each.
        named = not is_nothing(child(step.settings, "name")) or not is_nothing(
            child(earlier.settings, "name")
        )
        if earlier is not step and (named or step.approval or earlier.approval):
            spot = (
                entries(step.settings)["name"].value.spot if "name" in entries(step.settings) else step.spot
            )
            survey.add(
                "duplicate-name",
                spot,
                f"the name {quoted(step.name)} stands in line {earlier.spot.line} of this workflow already",
                "Give one of them another name.",
            )


def _check_circles(survey: Survey, workflow: Workflow) -> None:
    told: set[int] = set()
    for step in workflow.steps:
        before = workflow.before(step)
        if id(step) in told or not any(other is step for other in before):
            continue
        circle = [other for other in before if any(back is step for back in workflow.before(other))]
        told |= {id(other) for other in circle} | {id(step)}
        names = sorted({other.name for other in circle} - {step.name})
        if names:
            survey.add(
                "requires-cycle",
                step.needs[0].spot,
                f"{quoted(step.name)} comes before itself by way of {', '.join(map(quoted, names))}",
                "Remove one of these from the `requires` of the other.",
            )


def _check_approvals(survey: Survey, workflow: Workflow) -> None:
    required = {
        id(found) for step in workflow.steps for need in step.needs for found in workflow.found(need.name)
    }
    for step in workflow.steps:
        if not step.approval:
            continue
        if step.job in survey.named("jobs"):
            survey.add(
                "approval-runs",
                step.spot,
                f"the approval {quoted(step.job)} has the name of a job",
                "Give the approval another name.",
            )
        for name in _RUNS:
            if name in entries(step.settings):
                survey.add(
                    "approval-runs",
                    entries(step.settings)[name].spot,
                    f"the approval {quoted(step.name)} has {quoted(name)}, and runs nothing",
                    "Put it into a job that requires the approval.",
                )
        if not step.needs and len(workflow.steps) > 1:
            survey.add(
                "approval-first",
                step.spot,
                f"the approval {quoted(step.name)} requires nothing",
                "Let it require what must be good before anybody says yes.",
            )
        if id(step) not in required:
            survey.add(
                "approval-idle",
                step.spot,
                f"nothing requires the approval {quoted(step.name)}",
                "Let what it approves require it.",
            )


def _check_serial_groups(survey: Survey, workflow: Workflow) -> None:
    seen: dict[str, Step] = {}
    for step in workflow.steps:
        node = child(step.settings, "serial-group")
        if node is None:
            continue
        key = text(node)
        plain = _TEMPLATE.sub("x", key)
        if not _SERIAL_GROUP.fullmatch(plain):
            survey.add(
                "serial-group",
                node.spot,
                f"the serial group {quoted(key)} is no key",
                "Write letters, digits, '.', '_', '/' and '-', at most 512 of them.",
            )
        elif plain == key and key in seen:
            survey.add(
                "serial-group",
                node.spot,
                f"the serial group {quoted(key)} stands in line {seen[key].spot.line} of this workflow already",
                "Give each job of a workflow a group of its own.",
            )
        seen.setdefault(key, step)
