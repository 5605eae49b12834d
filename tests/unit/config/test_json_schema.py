"""The JSON schema for editors agrees with the loader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.unit.config.files import ENVIRON, FULL, VALID, mistakes, read, with_lines
from trunkline.config.json_schema import json_schema

_SAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sample" / "trunkline.yaml"


def _complaints(text: str) -> list[str]:
    validator = Draft202012Validator(json_schema())
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_it_is_a_schema_of_the_dialect_that_it_names() -> None:
    """The schema is valid against draft 2020-12, and says that it is one."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize(
    "text", [VALID, FULL, _SAMPLE.read_text(encoding="utf-8")], ids=["short", "full", "sample"]
)
def test_valid_files_are_valid_for_editors(text: str) -> None:
    """What loads is not underlined, variables included."""
    read(text, ENVIRON)
    assert _complaints(text) == []


@pytest.mark.parametrize(
    "change",
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("service: sample", "service: Sample"),
        ("service: sample", "service: 12"),
        ("service: sample", "service: sample\ntrunc: main"),
        ("service: sample", "service: sample\ntrunk: --all"),
        ("chart:", "  builder: dokcer\nchart:"),
        ("chart:", "  password: hunter2\nchart:"),
        ("chart:", "  build_args: {a-b: c}\nchart:"),
        ("chart:", "  build_args: {DEBUG: true}\nchart:"),
        ("chart:", "measure: {api_key: abc}\nchart:"),
        ("chart:", "measure: {prefix: 2fast}\nchart:"),
        ("chart:", "measure: {sinks: {datadog: {site: 'https://x'}}}\nchart:"),
        ("chart:", "measure: {sinks: {datadog: 'on'}}\nchart:"),
        ("path: chart", "image_keys: {}"),
        ("path: chart", "path: chart\n  name: backend\n  repository: charts"),
        ("path: chart", "name: backend"),
        ("path: chart", "name: backend\n  repository: ftp://charts"),
        ("path: chart", "name: backend\n  repository: charts\n  version: 1.4"),
        ("base.yaml", "../base.yaml"),
        ("[base.yaml, dev.yaml]", "base.yaml"),
        ("[base.yaml, dev.yaml]", ""),
        (VALID[VALID.index("environments:") :], "environments: {}\n"),
        ("  qa:", "  q a:"),
        ("namespace: sample-qa", "namespace: sample.qa"),
        ("namespace: sample-qa", "release: x"),
        ("namespace: sample-qa", f"namespace: qa\n    release: {'r' * 54}"),
        ("needs: [dev]", "timeout: 5x"),
        ("needs: [dev]", "timeout: 300"),
        ("needs: [dev]", "history_max: 1"),
        ("needs: [dev]", "approval: 'yes'"),
        ("needs: [dev]", "allow: [offtrunk]"),
        ("needs: [dev]", "needs: dev"),
        ("needs: [dev]", "on_failure: undo"),
        ("needs: [dev]", "soak: 5"),
        ("needs: [dev]", "checks: [{name: nothing}]"),
        ("needs: [dev]", "checks: [{helm_test: true, command: x}]"),
        ("needs: [dev]", "checks: [{helm_test: true, expect: {status: 200}}]"),
        ("needs: [dev]", "checks: [{http: {service: sample}}]"),
        ("needs: [dev]", "checks: [{http: {url: 'http://x', port: 1}}]"),
        ("needs: [dev]", "checks: [{http: {service: sample, port: 65536}}]"),
        ("needs: [dev]", "checks: [{http: {service: sample, port: 1, path: x}}]"),
        ("needs: [dev]", "checks: [{http: {url: 'ftp://x'}}]"),
        ("needs: [dev]", "checks: [{http: {url: 'http://x'}, expect: {status: 99}}]"),
        ("needs: [dev]", "checks: [{http: {url: 'http://x'}, expect: {status: []}}]"),
        ("needs: [dev]", "checks: [{http: {url: 'http://x'}, expect: {json: {a..b: c}}}]"),
    ],
    ids=lambda change: change[1].replace("\n", " ")[:40],
)
def test_what_the_loader_refuses_is_underlined(change: tuple[str, str]) -> None:
    """A mistake in the shape of a file is one for the loader and for editors."""
    text = with_lines(change)
    assert mistakes(text)
    assert _complaints(text)


def _keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, section in (("", schema), *schema["$defs"].items()):
        for key, value in section.get("properties", {}).items():
            yield f"{name}.{key}", value


def test_every_key_has_a_description_and_examples() -> None:
    """Editors can show for every key what it is for and how it looks."""
    schema = json_schema()
    found = dict(_keys(schema))
    assert len(found) > 40
    for key, value in found.items():
        target = schema["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
        assert value.get("description") or target.get("description"), key
        assert value.get("examples"), key


def test_every_example_is_valid() -> None:
    """An example that editors offer is never underlined."""
    schema = json_schema()
    for key, value in _keys(schema):
        validator = Draft202012Validator({**value, "$defs": schema["$defs"]})
        for example in value["examples"]:
            assert list(validator.iter_errors(example)) == [], key


def test_no_mapping_takes_unknown_keys() -> None:
    """Every section refuses keys that it does not know, and every mapping of names checks them."""
    schema = json_schema()
    for section in (schema, *schema["$defs"].values()):
        assert section["additionalProperties"] is False
    assert schema["properties"]["environments"]["propertyNames"]["pattern"]
