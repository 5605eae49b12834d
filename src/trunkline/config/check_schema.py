"""The shape of a check in a `trunkline.yaml`, as `schema` has that of all else.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from trunkline.config import kinds, rules
from trunkline.config.kinds import Section

Service = Annotated[str, kinds.text(rules.SERVICE)]
Port = Annotated[str, kinds.PORT]
UrlPath = Annotated[str, kinds.text(rules.URL_PATH)]
QueriedUrl = Annotated[str, kinds.text(rules.QUERIED_URL)]
Statuses = Annotated[tuple[int, ...], kinds.STATUSES]
JsonKeys = Annotated[str, kinds.key(rules.JSON_KEYS)]
Script = Annotated[str, kinds.text(rules.SCRIPT)]
OptionalLine = Annotated[str, kinds.optional(kinds.text(rules.LINE))]
Flag = Annotated[bool, kinds.FLAG]
Timeout = Annotated[str, kinds.text(rules.TIMEOUT, number="; give it a unit")]
Written = Annotated[str, kinds.WRITTEN]
OptionalWritten = Annotated[str, kinds.optional(kinds.WRITTEN)]


_ONE_ADDRESS: JsonDict = {
    "oneOf": [{"required": ["url"]}, {"required": ["service", "port"]}],
    "dependentSchemas": {
        "url": {"not": {"anyOf": [{"required": [key]} for key in ("service", "port", "path")]}}
    },
}


class HttpSection(Section):
    """What is asked: a `url`, or a Service's `port` and `path` through a port-forward."""

    model_config = ConfigDict(json_schema_extra=_ONE_ADDRESS)

    url: QueriedUrl = Field("", description="The address.", examples=["https://sample.example.com/healthz"])
    service: Service = Field(
        "",
        description="A Service in the environment's namespace, asked through `kubectl port-forward`.",
        examples=["sample"],
    )
    port: Port = Field("", description="The Service's port: its number or name.", examples=[8000, "http"])
    path: UrlPath = Field("/", description="The path, with the query if there is one.", examples=["/version"])


class ExpectSection(Section):
    """What the answer has to be. Anything else is tried again until the check's timeout."""

    status: Statuses = Field(
        (200,), description="The good status, or a list of them.", examples=[200, [200, 204]]
    )
    contains: OptionalWritten = Field(
        "", description="A text that the body has to hold.", examples=["ok", "${TRUNKLINE_SHORT_COMMIT}"]
    )
    json_: dict[JsonKeys, Written] = Field(
        {},
        alias="json",
        description="Texts by the keys, joined by dots, that lead to them in a JSON body.",
        examples=[{"commit": "${TRUNKLINE_COMMIT}", "database.state": "up"}],
    )


_ONE_CHECK: JsonDict = {
    "oneOf": [{"required": [key]} for key in ("http", "command", "helm_test")],
    "dependentRequired": {"expect": ["http"]},
}


class CheckSection(Section):
    """One check of a rollout: `http`, a `command` or `helm_test`."""

    model_config = ConfigDict(json_schema_extra=_ONE_CHECK)

    name: OptionalLine = Field(
        "",
        description="What people call it; what it does when left out.",
        examples=["the right version answers"],
    )
    http: HttpSection = Field(
        default_factory=HttpSection,
        description="Ask over HTTP until the answer is as expected.",
        examples=[{"service": "sample", "port": 8000, "path": "/version"}],
    )
    expect: ExpectSection = Field(
        default_factory=ExpectSection,
        description="What the answer has to be; status 200 when left out.",
        examples=[{"status": 200, "json": {"commit": "${TRUNKLINE_COMMIT}"}}],
    )
    command: Script = Field(
        "",
        description=(
            "A shell command, run in this file's directory; an exit code other than 0 fails. It finds the variables "
            "above in its environment, and kubectl's and Helm's KUBECONFIG, HELM_KUBECONTEXT and HELM_NAMESPACE."
        ),
        examples=["./smoke-test.sh"],
    )
    helm_test: Flag = Field(
        default=False, description="Whether to run the chart's own tests (`helm test`).", examples=[True]
    )
    timeout: Timeout = Field("1m", description="How long it may take, all tries together.", examples=["30s"])
