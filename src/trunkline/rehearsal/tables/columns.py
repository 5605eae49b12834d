"""The columns of a table, and how its rows are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.objects import Object

Cells = Callable[[Object, datetime], list[Any]]
"""Makes the cells of an object's row, as seen at a moment."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How objects of one kind are shown.

    Attributes:
        columns: the `TableColumnDefinition` of each.
        cells: makes a row, as many cells as there are columns.
        conditions: makes the row's conditions, which say that the object is of no more interest.
    """

    columns: list[dict[str, Any]]
    cells: Cells
    conditions: Callable[[Object], list[dict[str, Any]]] | None = None


def columns(*told: str) -> list[dict[str, Any]]:
    """Columns from short words.

    Args:
        told: a name such as `Status`, with `:integer` behind it if it is no string, and `*` before it if it is only
            shown when `-o wide` is asked for.
    """
    return [_column(text) for text in told]


def column(
    name: str, type_: str = "string", *, format_: str = "", description: str = "", priority: int = 0
) -> dict[str, Any]:
    """One column, as the API tells it."""
    return {
        "name": name,
        "type": type_,
        "format": format_,
        "description": description,
        "priority": priority,
    }


def _column(text: str) -> dict[str, Any]:
    name, _, type_ = text.lstrip("*").partition(":")
    return column(
        name,
        type_ or "string",
        format_="name" if name == "Name" else "",
        description=_DESCRIPTIONS.get(name, ""),
        priority=int(text.startswith("*")),
    )


_DESCRIPTIONS = {
    "Name": "The object's name, which no other of its kind in the namespace has.",
    "Age": "How long ago the object was created.",
    "Created At": "When the object was created.",
    "Ready": "How many are ready, of how many there should be.",
    "Status": "What state the object is in.",
    "Restarts": "How often containers were restarted, and when that was last.",
    "IP": "The pod's address.",
    "Node": "Where the pod runs.",
    "Nominated Node": "Where room is made for the pod.",
    "Readiness Gates": "How many of the extra conditions for readiness hold.",
    "Containers": "The names of the containers.",
    "Images": "The images of the containers.",
    "Selector": "Which pods belong to the object.",
    "Pod Labels": "The labels of the template.",
    "Up-to-date": "How many pods are of the latest template.",
    "Available": "How many are available.",
    "Desired": "How many are wanted.",
    "Current": "How many there are.",
    "Node Selector": "On which nodes pods may run.",
    "Completions": "How many pods have succeeded, of how many that must.",
    "Duration": "How long the job has run.",
    "Schedule": "When jobs are started, as cron spells it.",
    "Timezone": "Of the schedule.",
    "Suspend": "Whether no job is started for now.",
    "Active": "How many jobs are running.",
    "Last Schedule": "How long ago a job was last started.",
    "Type": "Of which sort the object is.",
    "Cluster-IP": "The address inside the cluster.",
    "External-IP": "The address outside the cluster.",
    "Port(s)": "The ports, with those of the nodes.",
    "Endpoints": "The addresses behind it.",
    "Reason": "Why it happened, in one word.",
    "Object": "What it happened to.",
    "Subobject": "What part of the object it happened to.",
    "Source": "Who has reported it.",
    "Message": "What happened.",
    "Last Seen": "How long ago it last happened.",
    "First Seen": "How long ago it first happened.",
    "Count": "How often it happened.",
    "Data": "How many entries there are.",
    "Secrets": "How many secrets there are.",
    "Reference": "What is scaled.",
    "Targets": "The metrics, as they are and as they should be.",
    "MinPods": "The least number of pods.",
    "MaxPods": "The greatest number of pods.",
    "Replicas": "How many pods there are.",
    "Hosts": "For which hosts requests are taken.",
    "Address": "Where requests are taken.",
    "Role": "What is granted.",
    "Users": "To which users.",
    "Groups": "To which groups.",
    "ServiceAccounts": "To which service accounts.",
}
"""What a column tells, by its name."""
