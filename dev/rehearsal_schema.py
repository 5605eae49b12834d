"""Makes the table of types that the simulated cluster patches by: ``python -m dev.rehearsal_schema [OPENAPI]``.

OPENAPI is what a Kubernetes 1.20 answers to ``kubectl get --raw /openapi/v2``; without it, the cluster that
KUBECONFIG names is asked. ``--check`` needs no cluster: it says whether the stored table has all that
`dev.rehearsal_additions` adds.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from dev import rehearsal_additions as additions
from dev.errors import DevError, exit_code
from dev.process import run
from trunkline.rehearsal.kinds import BUILT_IN

TABLE = Path(__file__).resolve().parents[1] / "src/trunkline/rehearsal/patches/schema.json"
_PACKAGES = re.compile(
    r"^io\.k8s\.(?:api|apimachinery\.pkg\.(?:apis|api|util|runtime)|apiextensions-apiserver\.pkg\.apis"
    r"|kube-aggregator\.pkg\.apis|apimachinery\.pkg)\."
)
_SPECIAL = {
    "resource.Quantity": "quantity",
    "meta.v1.Time": "time",
    "meta.v1.MicroTime": "microtime",
    "meta.v1.FieldsV1": "any",
    "intstr.IntOrString": "int-or-string",
    "runtime.RawExtension": "any",
    "RawExtension": "any",
    "apiextensions.v1.JSON": "any",
    "apiextensions.v1.JSONSchemaPropsOrArray": "any",
    "apiextensions.v1.JSONSchemaPropsOrBool": "any",
    "apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
    "apiextensions.v1.CustomResourceSubresourceStatus": "any",
}
_SCALARS = {"string": "string", "boolean": "boolean", "integer": "int32", "number": "double"}
_FORMATS = {"int32": "int32", "int64": "int64", "double": "double", "byte": "byte"}
Types = dict[str, dict[str, str]]


def main(argv: list[str]) -> int:
    """Make the table, or check it."""
    parser = argparse.ArgumentParser(prog="python -m dev.rehearsal_schema", description=__doc__)
    parser.add_argument("openapi", nargs="?", type=Path, help="a stored answer of /openapi/v2")
    parser.add_argument(
        "--check", action="store_true", help="only compare the stored table with the additions"
    )
    asked = parser.parse_args(argv)
    if asked.check:
        if differences := missing():
            raise DevError(f"{TABLE.name} is not up to date: {', '.join(differences)}; make it anew")
        return 0
    text = asked.openapi.read_text() if asked.openapi else run(["kubectl", "get", "--raw", "/openapi/v2"])
    table = json.dumps(made(json.loads(text)["definitions"]), separators=(",", ":"), sort_keys=True)
    TABLE.write_text(table.replace('},"', '},\n"') + "\n")
    print(f"{TABLE}: {TABLE.stat().st_size} bytes")
    return 0


def made(definitions: dict[str, Any]) -> dict[str, Any]:
    """The table of the built-in kinds and all types that they reach.

    Args:
        definitions: those of an OpenAPI 2 document.
    """
    types: Types = {}
    groups: dict[str, str] = {}
    for long_name, definition in definitions.items():
        name = _renamed(_short(long_name))
        if name not in types or _short(long_name) == name:
            types[name] = _fields(definition)
        for spelled in definition.get("x-kubernetes-group-version-kind", ()):
            groups[f"{spelled['group']}/{name.split('.')[-2]}/{spelled['kind']}"] = name
    if "core.v1.Handler" in types:
        types["core.v1.LifecycleHandler"] = types.pop("core.v1.Handler")
    add(types)
    kinds = {
        f"{kind.group}/{version}/{kind.kind}": found
        for kind in BUILT_IN
        for version in kind.versions
        if (found := groups.get(f"{kind.group}/{version}/{kind.kind}") or additions.KINDS.get(kind.kind))
    }
    kinds |= {name: name for name in additions.KINDS.values()}
    return {"kinds": kinds, "types": _reached(types, set(kinds.values()))}


def add(types: Types) -> None:
    """Add what later releases have, in place."""
    for name, fields in additions.FIELDS.items():
        types.setdefault(name, {}).update(fields)
    for name, gone in additions.REMOVED.items():
        for field in gone:
            types.get(name, {}).pop(field, None)
    for name in additions.ATOMIC:
        if name in types:
            types[name][""] = "atomic"
    for name, plain in additions.PLAIN.items():
        for field in plain:
            if name in types:
                types[name][field] = _with(types[name][field], "plain")


def missing() -> list[str]:
    """What the stored table lacks of the additions, as `type.field`."""
    stored: Types = json.loads(TABLE.read_text())["types"]
    wanted = {name: dict(fields) for name, fields in stored.items()}
    add(wanted)
    wanted = _reached(wanted, set(stored))
    return [
        f"{name}.{field}"
        for name, fields in wanted.items()
        for field in fields.keys() | stored.get(name, {}).keys()
        if stored.get(name, {}).get(field) != fields.get(field)
    ]


def _fields(definition: dict[str, Any]) -> dict[str, str]:
    required = definition.get("required", ())
    found = {
        name: _field(said) + (" required" if name in required else "")
        for name, said in (definition.get("properties") or {}).items()
    }
    if definition.get("x-kubernetes-group-version-kind"):
        for name in ("metadata", "spec", "status"):
            if "." in found.get(name, "") and found[name][0] not in "[{":
                found[name] = _with(found[name], "plain")
    return found


def _field(said: dict[str, Any]) -> str:
    flags = []
    strategy = str(said.get("x-kubernetes-patch-strategy") or "").split(",")
    merge_key = said.get("x-kubernetes-patch-merge-key")
    listed = said.get("x-kubernetes-list-type")
    if "merge" in strategy:
        flags.append(f"merge={merge_key}" if merge_key else "merge")
    if "retainKeys" in strategy:
        flags.append("retain")
    if listed == "map":
        flags.append(f"keys={','.join(said['x-kubernetes-list-map-keys'])}")
    elif listed == "set" or (not listed and "merge" in strategy and not merge_key):
        flags.append("set")
    elif not listed and "merge" in strategy:
        flags.append(f"keys={merge_key}")
    if said.get("x-kubernetes-map-type") == "atomic":
        flags.append("atomic")
    return " ".join([_type(said), *sorted(flags)])


def _type(said: dict[str, Any]) -> str:
    if reference := said.get("$ref"):
        name = _renamed(_short(str(reference).removeprefix("#/definitions/")))
        return {"core.v1.Handler": "core.v1.LifecycleHandler"}.get(name, _SPECIAL.get(name, name))
    form = said.get("type")
    if form == "array":
        return f"[{_type(said['items'])}]"
    if form == "object":
        return f"{{{_type(said['additionalProperties'])}}}" if "additionalProperties" in said else "any"
    return _FORMATS.get(said.get("format", ""), _SCALARS.get(str(form), "any"))


def _short(long_name: str) -> str:
    return _PACKAGES.sub("", long_name)


def _renamed(name: str) -> str:
    for before, after in additions.RENAMED.items():
        if name.startswith(before):
            return after + name.removeprefix(before)
    return name


def _with(text: str, flag: str) -> str:
    return text if flag in text.split() else f"{text} {flag}"


def _reached(types: Types, roots: set[str]) -> Types:
    found: Types = {}
    left = sorted(roots)
    while left:
        name = left.pop()
        if name in found or name not in types:
            continue
        found[name] = types[name]
        for field, text in types[name].items():
            if field:
                left.append(text.split()[0].strip("[]{}"))
    return found


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
