"""The shape of a check in a `trunkline.yaml`, as `schema` has that of all else."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.sections import DEFAULTS, MappingOf, Schema, Section, key

SERVICE = kinds.text(rules.SERVICE)
PORT = kinds.PORT
URL_PATH = kinds.text(rules.URL_PATH)
QUERIED_URL = kinds.text(rules.QUERIED_URL)
STATUSES = kinds.STATUSES
JSON_KEYS = kinds.key(rules.JSON_KEYS)
SCRIPT = kinds.text(rules.SCRIPT)
OPTIONAL_LINE = kinds.optional(kinds.text(rules.LINE))
FLAG = kinds.FLAG
TIMEOUT = kinds.text(rules.TIMEOUT, number="; give it a unit")
WRITTEN = kinds.WRITTEN
OPTIONAL_WRITTEN = kinds.optional(kinds.WRITTEN)


_ONE_ADDRESS: Schema = {
    "oneOf": [{"required": ["url"]}, {"required": ["service", "port"]}],
    "dependentSchemas": {
        "url": {"not": {"anyOf": [{"required": [key]} for key in ("service", "port", "path")]}}
    },
}


class HttpSection(Section, further=_ONE_ADDRESS):
    """What is asked: a `url`, or a Service's `port` and `path` through a port-forward."""

    url: str = key(
        QUERIED_URL, "", description="The address.", examples=["https://sample.example.com/healthz"]
    )
    service: str = key(
        SERVICE,
        "",
        description="A Service in the environment's namespace, asked through `kubectl port-forward`.",
        examples=["sample"],
    )
    port: str = key(PORT, "", description="The Service's port: its number or name.", examples=[8000, "http"])
    path: str = key(
        URL_PATH, "/", description="The path, with the query if there is one.", examples=["/version"]
    )


class ExpectSection(Section):
    """What the answer has to be. Anything else is tried again until the check's timeout."""

    status: tuple[int, ...] = key(
        STATUSES, (200,), description="The good status, or a list of them.", examples=[200, [200, 204]]
    )
    contains: str = key(
        OPTIONAL_WRITTEN,
        "",
        description="A text that the body has to hold.",
        examples=["ok", "${TRUNKLINE_SHORT_COMMIT}"],
    )
    json_: dict[str, str] = key(
        MappingOf(JSON_KEYS, WRITTEN),
        {},
        name="json",
        description="Texts by the keys, joined by dots, that lead to them in a JSON body.",
        examples=[{"commit": "${TRUNKLINE_COMMIT}", "database.state": "up"}],
    )


_ONE_CHECK: Schema = {
    "oneOf": [{"required": [key]} for key in ("http", "command", "helm_test")],
    "dependentRequired": {"expect": ["http"]},
}


class CheckSection(Section, further=_ONE_CHECK):
    """One check of a rollout: `http`, a `command` or `helm_test`."""

    name: str = key(
        OPTIONAL_LINE,
        "",
        description="What people call it; what it does when left out.",
        examples=["the right version answers"],
    )
    http: HttpSection = key(
        HttpSection,
        DEFAULTS,
        description="Ask over HTTP until the answer is as expected.",
        examples=[{"service": "sample", "port": 8000, "path": "/version"}],
    )
    expect: ExpectSection = key(
        ExpectSection,
        DEFAULTS,
        description="What the answer has to be; status 200 when left out.",
        examples=[{"status": 200, "json": {"commit": "${TRUNKLINE_COMMIT}"}}],
    )
    command: str = key(
        SCRIPT,
        "",
        description=(
            "A shell command, run in this file's directory; an exit code other than 0 fails. It finds the variables "
            "above in its environment, and kubectl's and Helm's KUBECONFIG, HELM_KUBECONTEXT and HELM_NAMESPACE."
        ),
        examples=["./smoke-test.sh"],
    )
    helm_test: bool = key(
        FLAG,
        default=False,
        description="Whether to run the chart's own tests (`helm test`).",
        examples=[True],
    )
    timeout: str = key(
        TIMEOUT, "1m", description="How long it may take, all tries together.", examples=["30s"]
    )
