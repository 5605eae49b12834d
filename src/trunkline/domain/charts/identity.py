"""A chart's name and version out of its `Chart.yaml`, without a YAML parser where each stands plainly on one line."""

from __future__ import annotations

import re

from trunkline.expressions import expression

_KEYS = {"name", "version"}
_PLAIN = expression(
    r"^(name|version):[ ]+([\"']?)([A-Za-z0-9][A-Za-z0-9._+-]*)\2[ ]*(?:#.*)?\r?$", re.MULTILINE
)
# What may begin a key of the same name in another spelling, or hide one in a text over several lines.
_STRANGE = expression(r"^[\"'?&*!{\[%]|^(?:name|version)[ ]*:|: *[\"'{\[]", re.MULTILINE)


def chart_identity(text: str) -> tuple[str, str]:
    """The name and the version that a Chart.yaml gives its chart.

    Raises:
        ValueError: it is no Chart.yaml; the message is the end of a sentence about it.
    """
    found = _PLAIN.findall(text)
    values = {key: value for key, _, value in found}
    # Only the two plain lines themselves may look like it: then no other line can mean a name or a version.
    if len(found) == len(_KEYS) and values.keys() == _KEYS and not _STRANGE.search(_PLAIN.sub("", text)):
        return values["name"], values["version"]
    from trunkline.domain.charts.metadata import read_metadata  # noqa: PLC0415 - YAML takes 15 ms to import

    facts = read_metadata(text)
    return facts.name, facts.version
