"""The shape of a `trunkline.yaml`: every key, its kind, its default and what it is for.

The descriptions are what editors show and what docs/reference/configuration.md is made of. The defaults of
these sections are those of `project`; what connects two keys is in `connections`.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from trunkline.config import kinds, rules
from trunkline.config.environment_schema import EnvironmentSection
from trunkline.config.gate_schema import GateSection
from trunkline.config.kinds import Section
from trunkline.config.scenario_schema import RehearseSection

ServiceName = Annotated[str, kinds.text(rules.RELEASE)]
EnvironmentKey = Annotated[str, kinds.key(rules.ENVIRONMENT)]
ImageRepository = Annotated[str, kinds.text(rules.IMAGE)]
Line = Annotated[str, kinds.text(rules.LINE)]
OptionalLine = Annotated[str, kinds.optional(kinds.text(rules.LINE))]
FilePath = Annotated[str, kinds.text(rules.PATH)]
OptionalPath = Annotated[str, kinds.optional(kinds.text(rules.PATH))]
Location = Annotated[str, kinds.text(rules.LOCATION)]
OptionalCharts = Annotated[str, kinds.optional(kinds.text(rules.CHARTS))]
OptionalChartName = Annotated[str, kinds.optional(kinds.text(rules.CHART))]
OptionalChartVersion = Annotated[str, kinds.optional(kinds.text(rules.CHART_VERSION))]
OptionalScript = Annotated[str, kinds.optional(kinds.text(rules.SCRIPT))]
ValuesKey = Annotated[str, kinds.optional(kinds.text(rules.KEYS))]
Branch = Annotated[str, kinds.text(rules.BRANCH)]
ArgumentName = Annotated[str, kinds.key(rules.ARGUMENT)]
SecretId = Annotated[str, kinds.key(rules.SECRET_ID)]
LabelKey = Annotated[str, kinds.key(rules.LABEL)]
Password = Annotated[str, kinds.PASSWORD]
Platform = Annotated[str, kinds.text(rules.PLATFORM)]
Cache = Annotated[str, kinds.text(rules.CACHE)]
OptionalExpiry = Annotated[str, kinds.optional(kinds.text(rules.EXPIRY))]
OptionalSbom = Annotated[str, kinds.optional(kinds.choice(*rules.SBOMS))]
MetricPrefix = Annotated[str, kinds.text(rules.METRIC_PREFIX)]
Site = Annotated[str, kinds.text(rules.SITE)]
OptionalUrl = Annotated[str, kinds.optional(kinds.text(rules.URL))]
OptionalBuilder = Annotated[str, kinds.optional(kinds.choice(*rules.BUILDERS))]
Flag = Annotated[bool, kinds.FLAG]
Written = Annotated[str, kinds.WRITTEN]
OptionalWritten = Annotated[str, kinds.optional(kinds.WRITTEN)]
OptionalPassword = Annotated[str, kinds.optional(kinds.PASSWORD)]
Format = Annotated[int, kinds.FORMAT]


class ImageSection(Section):
    """How the image is built and where it goes."""

    repository: ImageRepository = Field(
        description="The image's repository, without tag and digest.", examples=["quay.io/acme/sample"]
    )
    dockerfile: FilePath = Field(
        "Dockerfile", description="The Dockerfile, from this file's directory.", examples=["Dockerfile"]
    )
    context: FilePath = Field(
        ".", description="The build context, from this file's directory.", examples=["."]
    )
    target: OptionalLine = Field(
        "",
        description="The stage of the Dockerfile to build; the last one when left out.",
        examples=["runtime"],
    )
    build_args: dict[ArgumentName, Written] = Field(
        {},
        description=(
            "Build arguments. The build fills in ${TRUNKLINE_COMMIT}, ${TRUNKLINE_SHORT_COMMIT} and ${TRUNKLINE_SERVICE}."
        ),
        examples=[{"COMMIT": "${TRUNKLINE_COMMIT}"}],
    )
    secrets: dict[SecretId, Password] = Field(
        {},
        description=(
            "Secrets that the Dockerfile mounts (`RUN --mount=type=secret,id=ID`): the variable that holds each. "
            "They are in no layer, history or argument."
        ),
        examples=[{"pip": "${PIP_TOKEN}"}],
    )
    secret_files: dict[SecretId, FilePath] = Field(
        {},
        description="Files that the Dockerfile mounts as secrets, from this file's directory.",
        examples=[{"npmrc": "~/.npmrc"}],
    )
    platforms: list[Platform] = Field(
        [],
        description="The platforms to build for; several make one multi-arch image. The machine's own when left out.",
        examples=[["linux/amd64", "linux/arm64"]],
    )
    cache_from: list[Cache] = Field(
        [],
        description="Where layers may be taken from: repositories, or BuildKit's `type=...`.",
        examples=[["quay.io/acme/sample-cache"]],
    )
    cache_to: list[Cache] = Field(
        [],
        description="Where layers are left for the next build, spelled likewise.",
        examples=[["quay.io/acme/sample-cache"]],
    )
    sbom: OptionalSbom = Field(
        "",
        description="Attach a bill of materials that syft makes of the image: `wanted` where syft is there, or `required`.",
        examples=["wanted"],
    )
    labels: dict[LabelKey, Written] = Field(
        {},
        description="Labels besides those of the OCI specification, filled in as `build_args` are.",
        examples=[{"com.example.team": "payments"}],
    )
    expires: OptionalExpiry = Field(
        "",
        description="When Quay may drop the images of commits that are not on trunk, or of a changed work tree.",
        examples=["2w"],
    )
    builder: OptionalBuilder = Field(
        "", description="The program that builds; whatever works here when left out.", examples=["docker"]
    )
    username: OptionalWritten = Field(
        "",
        description="The registry's user name; without it, the credentials that Docker or Podman keep.",
        examples=["${QUAY_USERNAME}"],
    )
    password: OptionalPassword = Field(
        "", description="The variable that holds the registry's password.", examples=["${QUAY_PASSWORD}"]
    )


class ImageKeysSection(Section):
    """The paths in the chart's values that take the image."""

    repository: ValuesKey = Field(
        "image.repository",
        description="Takes the repository; empty for not at all.",
        examples=["image.repository"],
    )
    tag: ValuesKey = Field(
        "image.tag", description="Takes the tag; empty for not at all.", examples=["image.tag"]
    )
    digest: ValuesKey = Field(
        "image.digest",
        description="Takes the digest; empty for not at all, and then pods run a tag.",
        examples=["image.digest"],
    )


_ONE_SOURCE: JsonDict = {
    "allOf": [
        {
            "oneOf": [
                {"required": ["path"]},
                {"anyOf": [{"required": [key]} for key in ("name", "repository", "version")]},
            ]
        }
    ],
    "dependentRequired": {
        "name": ["repository"],
        "repository": ["name"],
        "version": ["name", "repository"],
    },
}


class ChartSection(Section):
    """Which chart: one on this machine (`path`), or a `name` from a `repository`."""

    model_config = ConfigDict(json_schema_extra=_ONE_SOURCE)

    path: OptionalPath = Field(
        "",
        description="A chart's directory or archive, from this file's directory.",
        examples=["chart", "../charts/backend"],
    )
    name: OptionalChartName = Field(
        "", description="The chart's name in its repository.", examples=["backend"]
    )
    repository: OptionalCharts = Field(
        "",
        description=(
            "Where the charts are: s3://bucket/prefix, https://host/path, oci://registry/path, "
            "git+https://host/repository.git//folder?ref=main or a directory."
        ),
        examples=["s3://acme-charts/stable", "oci://quay.io/acme/charts"],
    )
    version: OptionalChartVersion = Field(
        "",
        description="The chart's version, exact or a range as Helm spells it; the newest one that is no prerelease when left out.",
        examples=["1.4.2", "~1.4", ">=1.2 <2"],
    )
    username: OptionalWritten = Field(
        "",
        description="The user name for https://, oci:// and git+https://; without it, what Docker, Podman and git know.",
        examples=["${CHARTS_USERNAME}"],
    )
    password: OptionalPassword = Field(
        "", description="The variable that holds the password.", examples=["${CHARTS_PASSWORD}"]
    )
    pass_credentials: Flag = Field(
        False,
        description="Whether other hosts that the index names get the login, too.",
        examples=[True],
    )
    keyring: OptionalPath = Field(
        "",
        description="A file of public keys (`gpg --export`), from this file's directory; with it, a chart has to be signed by one.",
        examples=["keys.gpg"],
    )
    image_keys: ImageKeysSection = Field(
        default_factory=ImageKeysSection,
        description="The paths in the chart's values that take the image.",
        examples=[{"digest": "image.sha256"}],
    )


class ValuesSection(Section):
    """Where the values layers are."""

    location: Location = Field(
        ".",
        description="s3://bucket/prefix, or a directory from this file's directory.",
        examples=["values", "s3://acme-values/sample"],
    )


class DatadogSection(Section):
    """Where Datadog is. Its API key is never here: it is DD_API_KEY in the environment."""

    enabled: Flag = Field(
        default=True,
        description="Whether to send to Datadog when DD_API_KEY is set. DD_ENABLED overrides it.",
        examples=[True],
    )
    site: Site = Field(
        "datadoghq.com",
        description="The Datadog site. DD_SITE overrides it.",
        examples=["datadoghq.eu"],
    )
    url: OptionalUrl = Field(
        "",
        description="The intake's address instead of the site's, for proxies and tests. DD_URL overrides it.",
        examples=["https://datadog-proxy.example.com"],
    )


def _from_switch(value: Any) -> Any:
    """`datadog: false` is short for `datadog: {enabled: false}`."""
    return value if isinstance(value, (dict, list)) or value is None else {"enabled": value}


class MeasureSection(Section):
    """What measurements are called, and where they go."""

    prefix: MetricPrefix = Field(
        "trunkline",
        description="The first part of every metric's name. TRUNKLINE_METRIC_PREFIX overrides it.",
        examples=["acme"],
    )
    host: Line = Field(
        "trunkline", description="The host that measurements are filed under.", examples=["release.circleci"]
    )
    role: OptionalWritten = Field("", description="The `role` tag; none when left out.", examples=["backend"])
    metric_version: Written = Field("1", description="The `version` tag of metrics.", examples=["1"])
    event_version: Written = Field("1", description="The `version` tag of events.", examples=["1"])
    datadog: Annotated[
        DatadogSection, BeforeValidator(_from_switch, json_schema_input_type=Flag | DatadogSection)
    ] = Field(
        default_factory=DatadogSection,
        description="Whether to send to Datadog, or where it is. The API key is DD_API_KEY in the environment, never here.",
        examples=[False, {"site": "datadoghq.eu"}],
    )


class ProjectFile(Section):
    """One service and its way from a commit to production."""

    version: Format = Field(description="The version of this file's format.", examples=[1])
    service: ServiceName = Field(description="The service's name.", examples=["sample"])
    trunk: Branch = Field(
        "main", description="The branch whose commits may be deployed everywhere.", examples=["main"]
    )
    test: OptionalScript = Field(
        "",
        description="A shell command that has to succeed before anything is built.",
        examples=["python -m pytest -q"],
    )
    image: ImageSection = Field(
        description="How the image is built and where it goes.",
        examples=[{"repository": "quay.io/acme/sample"}],
    )
    gate: GateSection = Field(
        default_factory=GateSection,
        description="Whose findings keep an image out, and which ones; without this section nothing is scanned.",
        examples=[{"fail_on": "high", "fixable_only": True}],
    )
    chart: ChartSection = Field(
        description="Which chart: a path, or a name from a repository.", examples=[{"path": "chart"}]
    )
    values: ValuesSection = Field(
        default_factory=ValuesSection,
        description="Where the values layers are.",
        examples=[{"location": "values"}],
    )
    environments: dict[EnvironmentKey, EnvironmentSection] = Field(
        description="The environments by name, in the order that a commit visits them.",
        examples=[{"dev": {"namespace": "sample-dev", "values": ["base.yaml", "dev.yaml"]}}],
        min_length=1,
        max_length=rules.MOST_ENVIRONMENTS,
    )
    measure: MeasureSection = Field(
        default_factory=MeasureSection,
        description="What measurements are called, and where they go.",
        examples=[{"prefix": "acme"}],
    )
    rehearse: RehearseSection = Field(
        default_factory=RehearseSection,
        description="Failures to try the pipeline with, on a simulated cluster.",
        examples=[{"scenarios": [{"name": "database-away", "what": "crash-loop"}]}],
    )
