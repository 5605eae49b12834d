"""The shape of a `trunkline.yaml`: every key, its kind, its default and what it is for.

The descriptions are what editors show and what docs/reference/configuration.md is made of. The defaults of
these sections are those of `project`; what connects two keys is in `connections`.
"""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.circleci_schema import CiSection
from trunkline.config.environment_schema import EnvironmentSection
from trunkline.config.gate_schema import GateSection
from trunkline.config.scenario_schema import RehearseSection
from trunkline.config.sections import DEFAULTS, ListOf, MappingOf, Schema, Section, key
from trunkline.config.sink_schema import SinksSection

SERVICE_NAME = kinds.text(rules.RELEASE)
ENVIRONMENT_KEY = kinds.key(rules.ENVIRONMENT)
IMAGE_REPOSITORY = kinds.text(rules.IMAGE)
LINE = kinds.text(rules.LINE)
OPTIONAL_LINE = kinds.optional(kinds.text(rules.LINE))
FILE_PATH = kinds.text(rules.PATH)
OPTIONAL_PATH = kinds.optional(kinds.text(rules.PATH))
LOCATION = kinds.text(rules.LOCATION)
OPTIONAL_CHARTS = kinds.optional(kinds.text(rules.CHARTS))
OPTIONAL_CHART_NAME = kinds.optional(kinds.text(rules.CHART))
OPTIONAL_CHART_VERSION = kinds.optional(kinds.text(rules.CHART_VERSION))
OPTIONAL_VERSION = kinds.optional(kinds.text(rules.EXACT_VERSION))
OPTIONAL_SCRIPT = kinds.optional(kinds.text(rules.SCRIPT))
VALUES_KEY = kinds.optional(kinds.text(rules.KEYS))
BRANCH = kinds.text(rules.BRANCH)
ARGUMENT_NAME = kinds.key(rules.ARGUMENT)
SECRET_ID = kinds.key(rules.SECRET_ID)
LABEL_KEY = kinds.key(rules.LABEL)
PASSWORD = kinds.PASSWORD
PLATFORM = kinds.text(rules.PLATFORM)
CACHE = kinds.text(rules.CACHE)
OPTIONAL_EXPIRY = kinds.optional(kinds.text(rules.EXPIRY))
OPTIONAL_SBOM = kinds.optional(kinds.choice(*rules.SBOMS))
METRIC_PREFIX = kinds.text(rules.METRIC_PREFIX)
OPTIONAL_URL = kinds.optional(kinds.text(rules.URL))
OPTIONAL_BUILDER = kinds.optional(kinds.choice(*rules.BUILDERS))
FLAG = kinds.FLAG
WRITTEN = kinds.WRITTEN
OPTIONAL_WRITTEN = kinds.optional(kinds.WRITTEN)
OPTIONAL_PASSWORD = kinds.optional(kinds.PASSWORD)
FORMAT = kinds.FORMAT


class ImageSection(Section):
    """How the image is built and where it goes."""

    repository: str = key(
        IMAGE_REPOSITORY,
        description="The image's repository, without tag and digest.",
        examples=["quay.io/acme/sample"],
    )
    dockerfile: str = key(
        FILE_PATH,
        "Dockerfile",
        description="The Dockerfile, from this file's directory.",
        examples=["Dockerfile"],
    )
    context: str = key(
        FILE_PATH, ".", description="The build context, from this file's directory.", examples=["."]
    )
    target: str = key(
        OPTIONAL_LINE,
        "",
        description="The stage of the Dockerfile to build; the last one when left out.",
        examples=["runtime"],
    )
    build_args: dict[str, str] = key(
        MappingOf(ARGUMENT_NAME, WRITTEN),
        {},
        description=(
            "Build arguments. The build fills in ${TRUNKLINE_COMMIT}, ${TRUNKLINE_SHORT_COMMIT} and ${TRUNKLINE_SERVICE}."
        ),
        examples=[{"COMMIT": "${TRUNKLINE_COMMIT}"}],
    )
    secrets: dict[str, str] = key(
        MappingOf(SECRET_ID, PASSWORD),
        {},
        description=(
            "Secrets that the Dockerfile mounts (`RUN --mount=type=secret,id=ID`): the variable that holds each. "
            "They are in no layer, history or argument."
        ),
        examples=[{"pip": "${PIP_TOKEN}"}],
    )
    secret_files: dict[str, str] = key(
        MappingOf(SECRET_ID, FILE_PATH),
        {},
        description="Files that the Dockerfile mounts as secrets, from this file's directory.",
        examples=[{"npmrc": "~/.npmrc"}],
    )
    platforms: list[str] = key(
        ListOf(PLATFORM),
        [],
        description="The platforms to build for; several make one multi-arch image. The machine's own when left out.",
        examples=[["linux/amd64", "linux/arm64"]],
    )
    cache_from: list[str] = key(
        ListOf(CACHE),
        [],
        description="Where layers may be taken from: repositories, or BuildKit's `type=...`.",
        examples=[["quay.io/acme/sample-cache"]],
    )
    cache_to: list[str] = key(
        ListOf(CACHE),
        [],
        description="Where layers are left for the next build, spelled likewise.",
        examples=[["quay.io/acme/sample-cache"]],
    )
    sbom: str = key(
        OPTIONAL_SBOM,
        "",
        description="Attach a bill of materials that syft makes of the image: `wanted` where syft is there, or `required`.",
        examples=["wanted"],
    )
    labels: dict[str, str] = key(
        MappingOf(LABEL_KEY, WRITTEN),
        {},
        description="Labels besides those of the OCI specification, filled in as `build_args` are.",
        examples=[{"com.example.team": "payments"}],
    )
    expires: str = key(
        OPTIONAL_EXPIRY,
        "",
        description="When Quay may drop the images of commits that are not on trunk, or of a changed work tree.",
        examples=["2w"],
    )
    builder: str = key(
        OPTIONAL_BUILDER,
        "",
        description="The program that builds; whatever works here when left out.",
        examples=["docker"],
    )
    username: str = key(
        OPTIONAL_WRITTEN,
        "",
        description="The registry's user name; without it, the credentials that Docker or Podman keep.",
        examples=["${QUAY_USERNAME}"],
    )
    password: str = key(
        OPTIONAL_PASSWORD,
        "",
        description="The variable that holds the registry's password.",
        examples=["${QUAY_PASSWORD}"],
    )


class ImageKeysSection(Section):
    """The paths in the chart's values that take the image."""

    repository: str = key(
        VALUES_KEY,
        "image.repository",
        description="Takes the repository; empty for not at all.",
        examples=["image.repository"],
    )
    tag: str = key(
        VALUES_KEY, "image.tag", description="Takes the tag; empty for not at all.", examples=["image.tag"]
    )
    digest: str = key(
        VALUES_KEY,
        "image.digest",
        description="Takes the digest; empty for not at all, and then pods run a tag.",
        examples=["image.digest"],
    )


_ONE_SOURCE: Schema = {
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


class ChartSection(Section, further=_ONE_SOURCE):
    """Which chart: one on this machine (`path`), or a `name` from a `repository`."""

    path: str = key(
        OPTIONAL_PATH,
        "",
        description="A chart's directory or archive, from this file's directory.",
        examples=["chart", "../charts/backend"],
    )
    name: str = key(
        OPTIONAL_CHART_NAME, "", description="The chart's name in its repository.", examples=["backend"]
    )
    repository: str = key(
        OPTIONAL_CHARTS,
        "",
        description=(
            "Where the charts are: s3://bucket/prefix, https://host/path, oci://registry/path, "
            "git+https://host/repository.git//folder?ref=main or a directory."
        ),
        examples=["s3://acme-charts/stable", "oci://quay.io/acme/charts"],
    )
    version: str = key(
        OPTIONAL_CHART_VERSION,
        "",
        description="The chart's version, exact or a range as Helm spells it; the newest one that is no prerelease when left out.",
        examples=["1.4.2", "~1.4", ">=1.2 <2"],
    )
    username: str = key(
        OPTIONAL_WRITTEN,
        "",
        description="The user name for https://, oci:// and git+https://; without it, what Docker, Podman and git know.",
        examples=["${CHARTS_USERNAME}"],
    )
    password: str = key(
        OPTIONAL_PASSWORD,
        "",
        description="The variable that holds the password.",
        examples=["${CHARTS_PASSWORD}"],
    )
    pass_credentials: bool = key(
        FLAG,
        False,
        description="Whether other hosts that the index names get the login, too.",
        examples=[True],
    )
    keyring: str = key(
        OPTIONAL_PATH,
        "",
        description="A file of public keys (`gpg --export`), from this file's directory; with it, a chart has to be signed by one.",
        examples=["keys.gpg"],
    )
    image_keys: ImageKeysSection = key(
        ImageKeysSection,
        DEFAULTS,
        description="The paths in the chart's values that take the image.",
        examples=[{"digest": "image.sha256"}],
    )


class ValuesSection(Section):
    """Where the values layers are."""

    location: str = key(
        LOCATION,
        ".",
        description="s3://bucket/prefix, or a directory from this file's directory.",
        examples=["values", "s3://acme-values/sample"],
    )


class MeasureSection(Section):
    """What measurements are called, and where they go."""

    prefix: str = key(
        METRIC_PREFIX,
        "trunkline",
        description="The first part of every metric's name. TRUNKLINE_METRIC_PREFIX overrides it.",
        examples=["acme"],
    )
    host: str = key(
        LINE,
        "trunkline",
        description="The host that measurements are filed under.",
        examples=["release.circleci"],
    )
    role: str = key(
        OPTIONAL_WRITTEN, "", description="The `role` tag; none when left out.", examples=["backend"]
    )
    metric_version: str = key(WRITTEN, "1", description="The `version` tag of metrics.", examples=["1"])
    event_version: str = key(WRITTEN, "1", description="The `version` tag of events.", examples=["1"])
    team: str = key(
        OPTIONAL_LINE,
        "",
        description="Who looks after the service; none when left out.",
        examples=["payments"],
    )
    sinks: SinksSection = key(
        SinksSection,
        DEFAULTS,
        description="Where measurements go, besides the ledger.",
        examples=[{"datadog": {"site": "datadoghq.eu"}}],
    )


class ProjectFile(Section):
    """One service and its way from a commit to production."""

    version: int = key(FORMAT, description="The version of this file's format.", examples=[1])
    requires: str = key(
        OPTIONAL_VERSION,
        "",
        description="The oldest Trunkline that understands this file; an older one says so, and nothing else.",
        examples=["1.4.0"],
    )
    service: str = key(SERVICE_NAME, description="The service's name.", examples=["sample"])
    trunk: str = key(
        BRANCH, "main", description="The branch whose commits may be deployed everywhere.", examples=["main"]
    )
    test: str = key(
        OPTIONAL_SCRIPT,
        "",
        description="A shell command that has to succeed before anything is built.",
        examples=["python -m pytest -q"],
    )
    image: ImageSection = key(
        ImageSection,
        description="How the image is built and where it goes.",
        examples=[{"repository": "quay.io/acme/sample"}],
    )
    gate: GateSection = key(
        GateSection,
        DEFAULTS,
        description="Whose findings keep an image out, and which ones; without this section nothing is scanned.",
        examples=[{"fail_on": "high", "fixable_only": True}],
    )
    chart: ChartSection = key(
        ChartSection,
        description="Which chart: a path, or a name from a repository.",
        examples=[{"path": "chart"}],
    )
    values: ValuesSection = key(
        ValuesSection,
        DEFAULTS,
        description="Where the values layers are.",
        examples=[{"location": "values"}],
    )
    environments: dict[str, EnvironmentSection] = key(
        MappingOf(ENVIRONMENT_KEY, EnvironmentSection, 1, rules.MOST_ENVIRONMENTS, "environment"),
        description="The environments by name, in the order that a commit visits them.",
        examples=[{"dev": {"namespace": "sample-dev", "values": ["base.yaml", "dev.yaml"]}}],
    )
    ci: CiSection = key(
        CiSection,
        DEFAULTS,
        description="The pipeline on a CI system.",
        examples=[{"circleci": {"context": "acme-build"}}],
    )
    measure: MeasureSection = key(
        MeasureSection,
        DEFAULTS,
        description="What measurements are called, and where they go.",
        examples=[{"prefix": "acme"}],
    )
    rehearse: RehearseSection = key(
        RehearseSection,
        DEFAULTS,
        description="Failures to try the pipeline with, on a simulated cluster.",
        examples=[{"scenarios": [{"name": "database-away", "what": "crash-loop"}]}],
    )
