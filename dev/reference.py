"""``python -m dev.reference``: writes docs/reference from the code; ``--check`` only says whether it is current.

A test runs the check, so that a page that lags behind its code fails `make test`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from tests.e2e.rehearsal.catalogue_differences import DIFFERENT
from tests.fidelity.differences import LISTED
from trunkline.app.ci_generate import explained
from trunkline.cli.entry import trunkline
from trunkline.config.circleci.findings import RULES
from trunkline.config.contract import CONTRACT_BUILD, CONTRACT_RELEASE
from trunkline.config.json_schema import json_schema
from trunkline.config.load import load_project
from trunkline.config.sink_variables import MEASURE_VARIABLES
from trunkline.domain.delivery.formulas import FORMULAS
from trunkline.domain.durations import format_duration
from trunkline.domain.rehearsals import FAILURES, SHIPPED, Ending, Parameter, Scenario
from trunkline.domain.rollouts.causes import GUIDE
from trunkline.plan.circleci.picture import as_svg

_FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_NOTE = "<!-- Written from the code by `make docs`; changes here are lost. -->"


def commands_page() -> str:
    """Every command with its help text, as a terminal of 100 columns shows it."""
    parts = [_NOTE, "# Commands", _help(trunkline, "trunkline")]
    context = click.Context(trunkline, info_name="trunkline")
    parts += _commands_below(trunkline, context, "trunkline", "##")
    return "\n\n".join(parts) + "\n"


def _commands_below(group: click.Group, context: click.Context, name: str, heading: str) -> list[str]:
    parts = []
    for sub in group.list_commands(context):
        command = group.get_command(context, sub)
        assert command is not None
        parts += [f"{heading} {name} {sub}", _help(command, f"{name} {sub}")]
        if isinstance(command, click.Group):
            parts += _commands_below(command, context, f"{name} {sub}", f"{heading}#")
    return parts


def circleci_rules_page() -> str:
    """Every rule of `trunkline ci check`."""
    rows = "\n".join(
        f"| `{name}` | {rule.severity} | {rule.what} | {rule.why} |" for name, rule in RULES.items()
    )
    return (
        f"{_NOTE}\n\n# What `trunkline ci check` looks for\n\nAn error is what CircleCI refuses, or what is not what "
        "trunkline.yaml says; a warning will go wrong some day; a note could be better.\n\n"
        f"| rule | severity | what should be so | why |\n| --- | --- | --- | --- |\n{rows}\n"
    )


def configuration_page() -> str:
    """Every key of trunkline.yaml, from the JSON schema that editors get."""
    schema = json_schema()
    rows = "\n".join(f"| `{path}` | {kind} | {text} |" for path, kind, text in _keys(schema, schema, ""))
    return (
        f"{_NOTE}\n\n# trunkline.yaml\n\n`${{NAME}}` and `${{NAME:-default}}` in any value are replaced from the environment; "
        "`$${` is a plain `${`. Mistakes are shown all at once, each with file, line and column.\n\n"
        f"| key | type | what it is |\n| --- | --- | --- |\n{rows}\n"
    )


def environment_page() -> str:
    """The variables of the contract, and those that everything else reads."""
    parts = [_NOTE, "# Environment variables", _CONTRACT_INTRODUCTION]
    for title, table in (("`trunkline build`", CONTRACT_BUILD), ("`trunkline release`", CONTRACT_RELEASE)):
        rows = "\n".join(
            f"| `{item.name}` | {'required' if item.required else 'optional'}{', secret' if item.secret else ''} | {item.meaning} |"
            for item in table
        )
        parts.append(f"## {title} without a file\n\n| variable | | what it is |\n| --- | --- | --- |\n{rows}")
    parts.append(_OTHERS)
    measured = "\n".join(
        f"| `{item.name}` | {'secret: ' if item.secret else ''}{item.meaning} |" for item in MEASURE_VARIABLES
    )
    parts.append(
        "## Where measurements go\n\nThese win over the file ([sinks](../how-to/sinks.md)).\n\n"
        f"| variable | what it is |\n| --- | --- |\n{measured}"
    )
    return "\n\n".join(parts) + "\n"


def scenarios_page() -> str:
    """Every scenario that comes along, and what each failure may be told."""
    rows = "\n".join(f"| `{item.name}` | {item.story} | {_expected(item)} |" for item in SHIPPED.values())
    settings = "\n".join(
        f"| `{what}` | `{name}` | {parameter.help} | `{_shown_default(parameter)}` |"
        for what, known in FAILURES.items()
        for name, parameter in known.items()
    )
    return (
        f"{_NOTE}\n\n# Scenarios of a rehearsal\n\n`trunkline rehearse --fail NAME`, or `--all-failures`. A scenario strikes the last "
        "environment but one, at its second deployment; `--fail NAME:environment=prod,rollout=1` says otherwise.\n\n"
        f"| scenario | what happens | a good pipeline |\n| --- | --- | --- |\n{rows}\n\n## What a failure may be told\n\n"
        f"| failure | setting | what it is | default |\n| --- | --- | --- | --- |\n{settings}\n"
    )


def _expected(scenario: Scenario) -> str:
    if scenario.expect.ending is Ending.DELIVERED:
        return "comes through"
    causes = ", ".join(f"`{cause}`" for cause in scenario.expect.causes)
    return f"stops, undoes, and names {causes}"


def _shown_default(parameter: Parameter) -> str:
    if parameter.kind == "duration":
        return format_duration(parameter.default)
    return "\\|".join(parameter.default) if parameter.kind == "lines" else str(parameter.default)


def causes_page() -> str:
    """Every cause that a deployment can fail for, from the table that the judge itself advises from."""
    rows = "\n".join(
        f"| `{cause.value}` | {guide.meaning} | {guide.decided} | {guide.advice} |".replace("\n", " ")
        for cause, guide in GUIDE.items()
    )
    return (
        f"{_NOTE}\n\n# Why a deployment failed\n\nThe codes are stable: they are in the ledger, in `--json` and in the measurements. "
        "Seconds in which the cluster did not answer count for nothing. When the time is up, whatever is suspected by then is told.\n\n"
        f"| code | meaning | when it is decided | what to do |\n| --- | --- | --- | --- |\n{rows}\n"
    )


def fidelity_page() -> str:
    """Where the simulated cluster is known to differ from a real one, from the table that the tests hold it to."""
    rows = "\n".join(f"| {session}: {case} | {reason} |" for (session, case), reason in LISTED.items())
    rollouts = "\n".join(f"| {name} | {reason} |" for name, reason in DIFFERENT.items())
    return (
        f"{_NOTE}\n\n# How the simulated cluster differs\n\nThe same sessions of Helm 4, Helm 3, kubectl and plain HTTP are played on the "
        "simulated cluster and were recorded on a real one of Kubernetes 1.20. These cases differ; all others show clients the same.\n\n"
        f"| case | why |\n| --- | --- |\n{rows}\n\n"
        "The catalogue of failing and benign rollouts is played on real pods and here, and comes to the same verdicts, but for these:\n\n"
        f"| rollout | why |\n| --- | --- |\n{rollouts}\n\n"
        "No program runs in a container: scripts of `sh -c` are played, and all that is not known in them is a program that does well.\n"
    )


_CONTRACT_INTRODUCTION = (
    "In a directory without `trunkline.yaml`, these two commands read the variables of the scripts that they replace. "
    "What is missing is listed at once; no value is ever printed."
)
_OTHERS = """## Always

| variable | what it is |
| --- | --- |
| `TRUNKLINE_CONFIG` | the project's file, as `--config` |
| `TRUNKLINE_LEDGER` | where the ledger is: `sqlite:///path`, `postgresql://user:password@host/name`, or `s3://bucket/prefix` |
| `TRUNKLINE_LOCAL_REGISTRY` | `off` starts no registry on this machine for images on loopback |
| `TRUNKLINE_CACHE` | where charts are kept that were fetched before, or `off` |
| `TRUNKLINE_CHARTS` | the repository of `trunkline charts`, as `--repository` |
| `TRUNKLINE_CHARTS_PASSWORD` | the password for `trunkline charts pull --username` |
| `TRUNKLINE_ACTOR` | who acts, where neither the CI nor the operating system knows |
| `KUBECONFIG` | as kubectl reads it |
| `AWS_*` | S3's credentials, region, endpoints and certificates, as AWS's own tools read them |
| `CIRCLE_TOKEN` or `CIRCLECI_CLI_TOKEN` | the personal API token with which CircleCI is asked |
| `CIRCLECI_CLI_HOST` | CircleCI's address, where it is a server of one's own |
| `CIRCLE_OIDC_TOKEN_V2` | changed for the keys of `AWS_ROLE_ARN`, where that is set |
| `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE` | where registry credentials are kept |
| `CIRCLE_*` | commit, branch, workflow (its jobs share a run) and links, inside CircleCI |
| `NO_COLOR`, `FORCE_COLOR` | colours off, colours on |
| `XDG_STATE_HOME` | where the ledger and the logs of faults are, by default `~/.local/state` |"""

_RULES = """## The rules

1. A deployment is one that ended well. Failed attempts are in *attempts that failed* and nowhere else; stopped ones are in no rate.
2. What stood before is the last deployment to the same environment that ended well. Its commits are `git log --no-merges BEFORE..NOW`,
   those that touch the project's folder where it is a part of its repository; they are written down when the deployment is made.
3. A lead time is one commit's: to the end of the first deployment that brought it there. Median and percentiles are those of
   commits, never of averages. They are interpolated (definition 7 of Hyndman and Fan, PostgreSQL's `percentile_cont`).
4. The first deployment brings no lead time. Where nobody knows the commits (a shallow clone, an unknown base), the deployment
   counts as unknown; a commit that seems younger than its deployment is told apart. Neither is ever a time of zero.
5. A commit counts once for an environment, when it comes for the first time.
6. The same commit again is a redeployment: it brings nothing and is no rollback.
7. A rollback is one that was called so, or (inferred) a commit that stood before and is part of what stands. The first deployment
   behind its target is the one that failed.
8. Hotfixes and fixes forward are what somebody marked: `trunkline deployment mark ID --remediates OTHER`. An incident without a
   deployment blames whichever stood when it began; that is inferred, and said so.
9. Two incidents and a rollback of one deployment are one failure. Rollbacks are no changes that could fail.
10. What mended it first ends a recovery: a rollback, a marked remedy, or the end of the last of its incidents. What is not mended yet is in no median and is told apart, with its age.
11. The last word on a deployment counts (`--failed`, `--good`); nothing in the ledger is ever overwritten.
12. Windows contain their beginning and not their end. Days are those of `--zone`, with 23 or 25 hours when clocks change; a day
    without a deployment has 0. A rate of nothing is no rate, and every figure bears the number of things that it rests on."""


def delivery_page() -> str:
    """Every figure of `trunkline measure`, from the table that it is computed by."""
    rows = "\n".join(
        f"| `{item.name}` | {item.heading} | {item.unit.value} | {item.how} |" for item in FORMULAS
    )
    return (
        f"{_NOTE}\n\n# How delivery is measured\n\nThe five figures of [DORA](https://dora.dev/guides/dora-metrics/) and some more, for each "
        f"service and environment, never blended.\n\n| name | heading | unit | formula |\n| --- | --- | --- | --- |\n{rows}\n\n{_RULES}\n"
    )


def workflow_picture() -> str:
    """The sample's workflow on CircleCI, as `trunkline ci explain --svg` draws it."""
    sample = _FOLDER.parents[1] / "examples" / "sample" / "trunkline.yaml"
    return as_svg(explained(load_project(sample, {}, without_secrets=True)))


PAGES: Mapping[str, Callable[[], str]] = {
    "causes.md": causes_page,
    "../images/circleci.svg": workflow_picture,
    "delivery.md": delivery_page,
    "scenarios.md": scenarios_page,
    "fidelity.md": fidelity_page,
    "circleci-rules.md": circleci_rules_page,
    "commands.md": commands_page,
    "configuration.md": configuration_page,
    "environment.md": environment_page,
}


def stale() -> list[str]:
    """The pages that differ from what the code says now."""
    return [
        name
        for name, page in PAGES.items()
        if not (_FOLDER / name).is_file() or (_FOLDER / name).read_text(encoding="utf-8") != page()
    ]


def main(argv: list[str]) -> int:
    """Write the pages, or check them."""
    if argv == ["--check"]:
        behind = stale()
        if behind:
            print(
                f"docs/reference lags behind the code in {', '.join(behind)}: run `make docs`.",
                file=sys.stderr,
            )
        return 1 if behind else 0
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (_FOLDER / name).write_text(page(), encoding="utf-8")
    return 0


def _help(command: click.Command, name: str) -> str:
    # As a person's own call has it; a command keeps its help option once it was asked for.
    settings = trunkline.context_settings
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100, **settings)
    return f"```\n{command.get_help(context)}\n```"


def _keys(schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, found in schema.get("properties", {}).items():
        required = ", required" if name in schema.get("required", ()) else ""
        yield from _key(found, root, f"{prefix}{name}", required)


def _key(
    found: Mapping[str, Any], root: Mapping[str, Any], path: str, required: str
) -> Iterator[tuple[str, str, str]]:
    shape = _resolved(found, root)
    text = (
        str(found.get("description") or shape.get("description") or "").replace("\n", " ").replace("|", "\\|")
    )
    default = (
        f" (default `{json.dumps(found['default'])}`)"
        if found.get("default") not in (None, "", [], {})
        else ""
    )
    yield path, _kind(shape, root) + required, text + default
    for part in _objects(shape, root):
        yield from _keys(part, root, f"{path}.")
    for part in _objects(_resolved(shape.get("items", {}), root), root):
        yield from _keys(part, root, f"{path}[].")
    extra = shape.get("additionalProperties")
    if isinstance(extra, Mapping):
        for part in _objects(_resolved(extra, root), root):
            yield from _keys(part, root, f"{path}.<name>.")


def _resolved(found: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = found.get("$ref")
    if reference is None:
        return found
    target: Mapping[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return target


def _objects(shape: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for choice in (shape, *shape.get("anyOf", ()), *shape.get("oneOf", ())):
        found = _resolved(choice, root)
        if "properties" in found:
            yield found


def _kind(shape: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "properties" in shape:
        return "mapping"
    choices = [*shape.get("anyOf", ()), *shape.get("oneOf", ())]
    if choices:
        kinds = dict.fromkeys(_kind(_resolved(choice, root), root) for choice in choices)
        return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in shape:
        return " or ".join(f"`{value}`" for value in shape["enum"])
    if "const" in shape:
        return f"`{shape['const']}`"
    if shape.get("type") == "array":
        return f"list of {_kind(_resolved(shape.get('items', {}), root), root)}"
    return {"object": "mapping"}.get(str(shape.get("type", "")), str(shape.get("type", "any")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
