"""The JSON schema of `trunkline.yaml` (draft 2020-12), for editors and for the reference in docs/.

It knows the shape of each key; what connects two keys (`needs`, doubles) only `trunkline check` knows.
"""

from __future__ import annotations

from typing import Any

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema, with a description and examples for every key, and with the default of most."""
    # Pydantic takes 60 ms to import, and few commands need a schema.
    from trunkline.config.schema import ProjectFile  # noqa: PLC0415

    schema = _tidied(ProjectFile.model_json_schema())
    return {"$schema": _DIALECT, "title": "trunkline.yaml", **schema}


def _tidied(schema: Any, *, names: bool = False) -> Any:
    """A schema as editors and readers like it.

    Without the titles that pydantic makes of names; and a mapping with named sections says what a name looks
    like (`propertyNames`), where pydantic lets names of any other look pass.

    Args:
        schema: any part of a schema.
        names: whether the keys of this mapping are names that the schema speaks of, not its own keywords.
    """
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {
        key: _tidied(value, names=not names and key in {"properties", "$defs"})
        for key, value in schema.items()
        if names or key not in {"title", "patternProperties"}
    }
    if not names and "patternProperties" in schema:
        [(pattern, value)] = schema["patternProperties"].items()
        tidied |= {"propertyNames": {"pattern": pattern}, "additionalProperties": _tidied(value)}
    return tidied
