"""Makes the table of messages that the simulated cluster reads: ``python -m dev.rehearsal_protobuf PROGRAM...``.

PROGRAM is a Go program that speaks to Kubernetes, such as kubectl, and then Helm 3, which knows the types of
CustomResourceDefinitions too: the tags of its structs tell the number and name of each field. The first one that knows
a type is believed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from dev.errors import DevError, exit_code
from dev.go_types import GoField, GoProgram, GoType
from trunkline.rehearsal.kinds import BUILT_IN

TABLE = Path(__file__).resolve().parents[1] / "src/trunkline/rehearsal/protobuf/fields.json"
_MACHINERY, _EXTENSIONS = "k8s.io/apimachinery/pkg", "k8s.io/apiextensions-apiserver/pkg/apis"
_PACKAGES = ("k8s.io/api/", f"{_EXTENSIONS}/", f"{_MACHINERY}/apis/meta/v1")
_SPECIAL = {
    f"{_MACHINERY}/api/resource.Quantity": "quantity",
    f"{_MACHINERY}/apis/meta/v1.Time": "time",
    f"{_MACHINERY}/apis/meta/v1.MicroTime": "microtime",
    f"{_MACHINERY}/apis/meta/v1.FieldsV1": "json",
    f"{_MACHINERY}/util/intstr.IntOrString": "int-or-string",
    f"{_MACHINERY}/runtime.RawExtension": "json",
    f"{_EXTENSIONS}/apiextensions/v1.JSON": "json",
    f"{_EXTENSIONS}/apiextensions/v1.JSONSchemaPropsOrArray": "schema-or-array",
    f"{_EXTENSIONS}/apiextensions/v1.JSONSchemaPropsOrBool": "schema-or-bool",
    f"{_EXTENSIONS}/apiextensions/v1.JSONSchemaPropsOrStringArray": "schema-or-strings",
}
_PLAIN = {
    "bool": "bool",
    "int32": "int32",
    "int64": "int64",
    "int": "int64",
    "string": "string",
    "float64": "double",
}
_NUMBER = re.compile(r'protobuf:"[a-z0-9]+,(\d+)')
_JSON = re.compile(r'json:"([^"]*)"')
_MORE = (("autoscaling", "v1", "Scale"), ("policy", "v1", "Eviction"), ("", "v1", "Binding"),
         ("authentication.k8s.io", "v1", "TokenRequest"), ("meta.k8s.io", "v1", "DeleteOptions"))  # fmt: skip
Structs = dict[str, list[GoField]]


def main(argv: list[str]) -> int:
    """Make the table."""
    parser = argparse.ArgumentParser(prog="python -m dev.rehearsal_protobuf", description=__doc__)
    parser.add_argument("programs", nargs="+", type=Path, metavar="PROGRAM")
    structs: Structs = {}
    for program in reversed(parser.parse_args(argv).programs):
        structs |= GoProgram(program.read_bytes()).structs()
    table = json.dumps(made(structs), separators=(",", ":"), sort_keys=True)
    TABLE.write_text(table.replace('},"', '},\n"') + "\n")
    print(f"{TABLE}: {TABLE.stat().st_size} bytes")
    return 0


def made(structs: Structs) -> dict[str, dict[str, object]]:
    """The table of the built-in kinds and all messages that they reach.

    Raises:
        DevError: the programs know none of them.
    """
    known = {_short(name): name for name in structs if name.startswith(_PACKAGES)}
    kinds: dict[str, object] = {}
    for group, version, kind in [*((k.group, v, k.kind) for k in BUILT_IN for v in k.versions), *_MORE]:
        package = {"": "core", "rbac.authorization.k8s.io": "rbac"}.get(group, group.split(".")[0])
        if (name := f"{package}.{version}.{kind}") in known:
            kinds[f"{group}/{version}/{kind}"] = name
    if not kinds:
        raise DevError("the programs know no type of Kubernetes' API")
    messages: dict[str, object] = {}
    left = sorted({known[str(name)] for name in kinds.values()})
    while left:
        name = left.pop()
        if _short(name) not in messages:
            fields = _numbered(structs.get(name, []))
            messages[_short(name)] = {str(number): _field(field) for number, field in fields}
            left += [
                reached for _, field in fields if (reached := _struct(field.type)) and reached not in _SPECIAL
            ]
    return {"kinds": kinds, "messages": messages}


def _numbered(fields: list[GoField]) -> list[tuple[int, GoField]]:
    found = [(int(said[1]), field) for field in fields if (said := _NUMBER.search(field.tag))]
    return sorted(found, key=lambda pair: pair[0])


def _field(field: GoField) -> str:
    said = _JSON.search(field.tag)
    name, *options = (said[1] if said else "").split(",")
    flag = ""
    if "inline" in options or not name:
        flag = " inline"
    elif field.type.form != "pointer" and (
        "omitzero" in options or ("omitempty" in options and field.type.form in _PLAIN)
    ):
        flag = " omit"
    return f"{name or field.name} {_type(field.type)}{flag}"


def _type(type_: GoType) -> str:
    if type_.element is None:
        return _SPECIAL.get(type_.name, _short(type_.name)) if type_.form == "struct" else _PLAIN[type_.form]
    inner = type_.element
    if type_.form == "pointer":
        return _type(inner)
    if type_.form == "slice":
        return "byte" if inner.form == "uint8" else f"[{_type(inner)}]"
    # A map of lists is one of messages on the wire, because protobuf has no other.
    is_listed = inner.form == "slice" and inner.element is not None and inner.element.form != "uint8"
    return "{strings}" if is_listed else f"{{{_type(inner)}}}"


def _struct(type_: GoType) -> str:
    """The struct that a type is made of, empty if it is made of none."""
    while type_.element is not None:
        type_ = type_.element
    return type_.name


def _short(name: str) -> str:
    package, _, type_ = name.rpartition(".")
    return ".".join([*package.split("/")[-2:], type_])


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
