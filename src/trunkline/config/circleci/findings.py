"""What can be wrong with a configuration of CircleCI: the rules, and a finding with its place, its reason and its mend."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from trunkline.config.mistakes import Spot


class Severity(StrEnum):
    """How bad it is: CircleCI refuses it; it will go wrong some day; it could be better."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(NamedTuple):
    """A kind of finding.

    Attributes:
        severity: how bad it is.
        what: what the rule looks for.
        why: why that matters.
    """

    severity: Severity
    what: str
    why: str


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        rule: its name in `RULES`.
        what: a sentence without its full stop.
        mend: what to do.
    """

    rule: str
    spot: Spot
    what: str
    mend: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule].severity

    @property
    def why(self) -> str:
        """Why that matters."""
        return RULES[self.rule].why


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_REFUSED = "CircleCI refuses the whole configuration, and no pipeline runs."
_WRONG_THING = "CircleCI compiles the configuration and stops there: nothing of the pipeline runs."

RULES: Mapping[str, Rule] = {
    "yaml": Rule(_E, "The file is YAML, without doubled keys and unknown aliases.", _REFUSED),
    "version": Rule(_E, "`version` is 2.1.", _REFUSED),
    "shape": Rule(_E, "Every value has the kind that its place asks for.", _REFUSED),
    "unknown-key": Rule(_E, "Every key is one that its place knows.", _REFUSED),
    "missing-key": Rule(_E, "Nothing that a place needs is left out.", _REFUSED),
    "top-level": Rule(_W, "Keys at the top are ones that CircleCI knows, or hold anchors.", "CircleCI ignores what it does not know there, and with it what somebody meant."),
    "no-executor": Rule(_E, "A job says where it runs.", _WRONG_THING),
    "unknown-job": Rule(_E, "Workflows name jobs that are there.", _WRONG_THING),
    "unknown-step": Rule(_E, "Steps are CircleCI's own, or commands that are there.", _WRONG_THING),
    "unknown-executor": Rule(_E, "Jobs name executors that are there.", _WRONG_THING),
    "unknown-orb": Rule(_E, "What comes from an orb names one that is declared.", _WRONG_THING),
    "unknown-parameter": Rule(_E, "Parameters are declared where they are used, and known where they are given.", _WRONG_THING),
    "missing-parameter": Rule(_E, "Parameters without a default are given.", _WRONG_THING),
    "bad-argument": Rule(_E, "What is given for a parameter is of its type.", _WRONG_THING),
    "unclosed": Rule(_E, "`<<` is closed by `>>`, or written `\\<<`.", "CircleCI takes it for the beginning of an expression, and refuses the configuration."),
    "requires-unknown": Rule(_E, "`requires` names jobs of the same workflow.", _WRONG_THING),
    "requires-self": Rule(_E, "No job requires itself.", "It would wait for itself for ever, so that CircleCI refuses the workflow."),
    "requires-cycle": Rule(_E, "No jobs require each other in a circle.", "They would wait for each other for ever, so that CircleCI refuses the workflow."),
    "requires-status": Rule(_E, "`requires` asks for statuses that there are.", _WRONG_THING),
    "duplicate-name": Rule(_E, "No two jobs of a workflow have one name.", "What requires the name cannot be told apart."),
    "approval-runs": Rule(_E, "An approval has no job of its name, and runs nothing.", "CircleCI runs either the job or the approval: a deployment may begin without a yes."),
    "approval-first": Rule(_W, "An approval requires what it approves.", "It can be given the moment the workflow begins: before the tests, and before the environment before."),
    "approval-idle": Rule(_W, "Something requires each approval.", "It lets nothing on: what it seems to guard runs without it."),
    "serial-group": Rule(_E, "Serial groups are well-formed keys, each once in a workflow.", _WRONG_THING),
    "expression": Rule(_E, "Expressions can be read.", _WRONG_THING),
    "image-moving": Rule(_W, "Images are pinned by a tag that stays, or by their digest.", "Another image comes by the same name: what passed yesterday fails, or deploys something else, today."),
    "secret-in-command": Rule(_W, "Secrets are not on command lines.", "Every process of the machine sees them in the list of processes, and `set -x` writes them into the log."),
    "deploy-any-branch": Rule(_W, "Only chosen branches or tags reach a deployment.", "Every push of a branch, before any review, is deployed."),
    "environment-skipped": Rule(_W, "An environment comes after those before it.", "A commit may reach it that the environment before never ran, or that failed there."),
    "no-production": Rule(_W, "What is deployed to other environments has a way to production.", "The way there is by hand, and nobody measures or repeats it."),
    "release-substring": Rule(_W, "Releases are matched by their whole names.", "A release whose name merely contains this one counts as it: an upgrade where an install was meant, or another team's release."),
    "foreign-image": Rule(_W, "A job of one environment runs in that environment's image.", "The tools, or the cluster's login, are those of another environment: it deploys to the wrong place, or with the wrong version."),
    "obsolete": Rule(_W, "Nothing is used that CircleCI has replaced.", "It is deprecated or gone, and one day a pipeline fails for it alone."),
    "drift": Rule(_E, "A generated file is what trunkline.yaml says.", "CircleCI runs the file: what trunkline.yaml says since is not done."),
    "secrets-everywhere": Rule(_N, "Deployments take their secrets from a context.", "Secrets of the project are given to every job of every branch."),
}  # fmt: skip
