"""The settings of CircleCI that no file can carry: what to do by hand, once, and why."""

from __future__ import annotations

from trunkline.config.project import Project
from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do by hand.

    Attributes:
        what: the deed, a sentence.
        why: what goes wrong without it.
    """

    what: str
    why: str


def checklist(project: Project) -> tuple[Chore, ...]:
    """All that is to be done on CircleCI's pages for the generated configuration to be safe."""
    settings = project.circleci
    found = [
        Chore(
            f"Make the context {settings.context} and put the registry's login into it.",
            "Build and gate get their secrets from there; tests of branches get none.",
        )
    ]
    for environment in project.environments:
        context = settings.context_of(environment.name)
        found.append(
            Chore(
                f"Make the context {context} with the cluster's login and one that reads the registry, and restrict it by the expression"
                f' pipeline.git.branch == "{project.trunk}" and not job.ssh.enabled.',
                f"Without the restriction any branch's configuration may name the context and deploy to {environment.name}.",
            )
        )
        if environment.name in settings.roles:
            found.append(
                Chore(
                    f"Let {settings.roles[environment.name]} trust CircleCI's identity provider, for this project alone.",
                    "A role that trusts the whole organisation is open to every project of it.",
                )
            )
        if environment.approval:
            found.append(_approval(environment.name, context, environment.approvers))
    found.append(
        Chore(
            "Keep the ledger where all jobs reach it: TRUNKLINE_LEDGER in every context"
            " (postgresql://..., or s3://bucket/prefix).",
            "A container's disk is gone with its job, and with it what was deployed, approved and measured.",
        )
    )
    found.append(
        Chore(
            f"Protect the branch {project.trunk}: reviews, and no pushes past them.",
            "What is on it goes to the first environment without asking.",
        )
    )
    return tuple(found)


def _approval(name: str, context: str, approvers: tuple[str, ...]) -> Chore:
    if approvers:
        return Chore(
            f"Put a personal API token as CIRCLE_TOKEN into the context {context}.",
            f"With it the job asks who approved, and refuses others than {', '.join(approvers)}.",
        )
    return Chore(
        f"Restrict the context {context} to a group of those who may approve {name}, or name them as"
        f" environments.{name}.approvers.",
        "Anybody who may push may approve, unless somebody says otherwise.",
    )
