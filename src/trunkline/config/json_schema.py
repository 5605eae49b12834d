"""The JSON schema of `trunkline.yaml` (draft 2020-12), for editors and for the reference in docs/.

It knows the shape of each key; what connects two keys (`needs`, doubles) only `trunkline check` knows.
"""

from __future__ import annotations

from typing import Any

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema, with a description and examples for every key, and with the default of most."""
    # Few commands need a schema, and all need to know that there is one.
    from trunkline.config.schema import ProjectFile  # noqa: PLC0415

    definitions: dict[str, Any] = {}
    schema = ProjectFile.definition(definitions)
    return {
        "$schema": _DIALECT,
        "title": "trunkline.yaml",
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }
