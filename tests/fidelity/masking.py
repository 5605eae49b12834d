"""What two clusters may differ in at any time, masked: names that were made up, moments, addresses, versions."""

from __future__ import annotations

import json
import re
from typing import Any

_MASKS = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d))?( UTC)?", "TIME"),
        (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[, ] ?\w+ +\w+ [\d:]+ (\d{4}|\+0000)( ?\d*:?\d*:?\d*)", "TIME"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"sha256:[0-9a-f]{64}", "DIGEST"),
        (
            r"\b(web|api|job|cron|agent|db)-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b",
            r"\1-HASH-POD",
        ),
        (r"\b(web|api|job|cron|agent|db)-[bcdfghjklmnpqrstvwxz2456789]{5,10}\b", r"\1-HASH"),
        (r"modifiedAt=\d+", "modifiedAt=TIME"),
        (r"\bpod (good|bad|late)-[a-z0-9]{5}\b", r"pod \1-POD"),
        (r"(Successfully assigned \S+ to )[\w-]+", r"\1NODE"),
        (r"pod-template-hash=\w+", "pod-template-hash=HASH"),
        (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b(?!:5000)", "ADDRESS"),
        (r"\b(\d+(\.\d+)?(ms|s|m|h|d))+\b(?! grace)", "AGE"),
        (r"https?://[\w.\[\]]+:\d+(?!\d*/catalogue)", "SERVER"),
        (r"\bv\d+\.\d+\.\d+[\w.+-]*", "VERSION"),
        (r"\(0xc[0-9a-f]+\)", "(POINTER)"),
        (r"\bdefault-token-[a-z0-9]{5}\b", "default-token-NAME"),
        # Go's differences are spaced by chance with one kind of space or another.
        (r"[ \t\xa0]+", " "),
    )
)
# What client-go logs of its own watches, now and then.
_LOGGED = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.")
_DROPPED = {
    "uid", "resourceVersion", "creationTimestamp", "time", "nodeName", "podIP", "podIPs", "hostIP", "hostIPs", "clusterIP",
    "clusterIPs", "selfLink", "containerID", "imageID", "continue", "fieldsV1", "observedGeneration",
}  # fmt: skip


def masked(text: str, namespace: str) -> list[str]:
    """Lines without what differs anyway; JSON is indented with sorted keys, as one list of lines."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict):
        text = json.dumps(_plain(value), indent=1, sort_keys=True)
        return [_line(line, namespace).strip() for line in text.splitlines()]
    lines = [line for line in text.splitlines() if not _LOGGED.match(line)]
    return [_line(line, namespace).rstrip() for line in lines]


def _line(line: str, namespace: str) -> str:
    line = line.replace(namespace, "NS")
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {
            k: _plain(v)
            for k, v in value.items()
            if k not in _DROPPED and not k.endswith(("Time", "Timestamp"))
        }
        if "pod-template-hash" in kept:
            kept["pod-template-hash"] = "HASH"
        _sort(kept, "conditions", "type")
        # They are sorted by the second in which they were made.
        _sort(kept, "managedFields", "manager")
        return kept
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _sort(held: dict[str, Any], name: str, key: str) -> None:
    if isinstance(held.get(name), list):
        held[name].sort(key=lambda item: str(item.get(key)) if isinstance(item, dict) else "")
