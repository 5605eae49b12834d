"""How the table of messages is made."""

from __future__ import annotations

import pytest

from dev.errors import DevError
from dev.go_types import GoField, GoProgram, GoType
from dev.rehearsal_protobuf import made

META = "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"
STRING, BYTES = GoType("string"), GoType("slice", element=GoType("uint8"))


def field(name: str, number: int, json: str, type_: GoType) -> GoField:
    return GoField(name, f'json:"{json}" protobuf:"bytes,{number},opt,name={name}"', type_)


def test_the_fields_are_those_of_the_tags() -> None:
    """Each field has its number, its name in JSON, its type, and whether zero means that it is not set."""
    found = made(
        {
            "k8s.io/api/core/v1.Secret": [
                GoField(
                    "TypeMeta", 'json:""', GoType("struct", "k8s.io/apimachinery/pkg/apis/meta/v1.TypeMeta")
                ),
                field("type", 3, "type,omitempty", STRING),
                field("metadata", 1, "metadata,omitempty", GoType("struct", META)),
                field("data", 2, "data,omitempty", GoType("map", element=BYTES)),
                field("immutable", 5, "immutable,omitempty", GoType("pointer", element=GoType("bool"))),
                field("extra", 6, "extra", GoType("map", element=GoType("slice", element=STRING))),
                field("source", 7, ",inline", GoType("struct", "k8s.io/api/core/v1.Source")),
                field("names", 8, "names", GoType("slice", element=STRING)),
            ],
            META: [
                field(
                    "creationTimestamp",
                    8,
                    "creationTimestamp,omitempty,omitzero",
                    GoType("struct", "k8s.io/apimachinery/pkg/apis/meta/v1.Time"),
                )
            ],
        }
    )
    assert found == {
        "kinds": {"/v1/Secret": "core.v1.Secret"},
        "messages": {
            "core.v1.Secret": {
                "1": "metadata meta.v1.ObjectMeta",
                "2": "data {byte}",
                "3": "type string omit",
                "5": "immutable bool",
                "6": "extra {strings}",
                "7": "source core.v1.Source inline",
                "8": "names [string]",
            },
            "core.v1.Source": {},
            "meta.v1.ObjectMeta": {"8": "creationTimestamp time omit"},
        },
    }


def test_programs_that_tell_nothing() -> None:
    """A program without types of Kubernetes, and a file that is no program, are refused in words."""
    with pytest.raises(DevError, match="no type of Kubernetes"):
        made({})
    with pytest.raises(DevError, match="no ELF program"):
        GoProgram(b"#!/bin/sh")
