"""What a value has to look like, wherever it comes from: a key of `trunkline.yaml` or an environment variable.

A rule says what was expected and never repeats the value, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import PurePosixPath

from trunkline.dataclass import dataclass
from trunkline.domain.charts.ranges import parse_range
from trunkline.domain.durations import parse_duration
from trunkline.domain.images import parse_image

BUILDERS = ("docker", "podman", "buildah")
ALLOWANCES = ("dirty", "off_trunk")
REACTIONS = ("rollback", "keep")
SBOMS = ("wanted", "required")
SERIES = ("v2", "v1")
NEWS = ("failures", "deployments", "everything")
# No setting that counts something needs more.
MOST = 1_000_000
# Each environment is a place that people look after; more than this is a mistake, or an attack.
MOST_ENVIRONMENTS = 100

_LONGEST_TEXT = 4096
_LONGEST_DURATION = 32
_LONGEST_TIMEOUT_S = 86_400.0
_LONGEST_AGE_S = 366 * 86_400.0
# Kubernetes' names: RFC 1123 labels, and labels joined by dots.
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
# A release's name is also a label's value, and Helm adds up to ten characters to it.
_RELEASE = r"(?=.{1,53}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_CHART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
# git-check-ref-format(1), in short; a leading dash would be an option.
_BRANCH = r"(?!-)(?!.*(?:\.\.|@\{|//|/$|\.lock$))[^\s~^:?*\[\\\x00-\x20\x7f]{1,255}"
_DURATION = r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+"
_LOCATION = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\x00-\x1f\x7f]*)?|(?!.*://)[^\x00-\x1f\x7f]+"
_GIT = r"git\+(?:https|ssh|file)://[^\s\x00-\x1f\x7f]+|git\+http://(?:localhost|127\.)[^\s\x00-\x1f\x7f]*"
_WEB = r"https://[^\s\x00-\x1f\x7f]+|http://(?:localhost|127\.)[^\s\x00-\x1f\x7f]*"
_OCI = r"oci://[^\s@\x00-\x1f\x7f]+"
_PATH_BELOW = r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\\\x00-\x1f\x7f]+"
_KEYS = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
# What Datadog and Graphite both take as a metric's name.
_METRIC_PREFIX = r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_URL = r"https?://[^\s/?#\x00-\x20\x7f][^\s?#\x00-\x20\x7f]*"
_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_SERVER = rf"(?:{_HOST}|\[[0-9A-Fa-f:.]+\])"
_SOCKET = r"/[^\x00-\x1f\x7f]+"
_LINE = r"[^\x00-\x1f\x7f]+"
_ARGUMENT = r"[A-Za-z_][A-Za-z0-9_]*"
# RFC 6335, section 5.1, in the lower case that Kubernetes wants.
_PORT_NAME = r"(?=.{1,15}$)(?=[0-9-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text must be.

    Attributes:
        expected: a noun phrase that follows "expected".
        pattern: for the whole text, in the part of the grammar that Python and JSON schema share.
        further: tests of a text that the pattern lets pass, each with its own noun phrase.
    """

    expected: str
    pattern: str
    further: tuple[tuple[Callable[[str], bool], str], ...] = ()

    def complaint(self, text: str) -> str:
        """What was expected instead of `text`; empty when nothing is wrong with it."""
        if len(text) > _LONGEST_TEXT or not re.fullmatch(self.pattern, text):
            return self.expected
        return next((wanted for accepts, wanted in self.further if not accepts(text)), "")


def _reads(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return accepts


def _is_bare(text: str) -> bool:
    image = parse_image(text)
    return image.tag is None and image.digest is None


def _is_printable(text: str) -> bool:
    return text.isprintable()


def _without_login(text: str) -> bool:
    scheme, separator, rest = text.partition("://")
    login, at, _ = rest.partition("/")[0].rpartition("@")
    # `git@host` is how SSH is spoken to everywhere.
    return not (separator and at) or (scheme == "git+ssh" and ":" not in login)


def _is_file_below(text: str) -> bool:
    return bool(PurePosixPath(text).parts)


_PRINTABLE = (_is_printable, "a text without invisible characters")
_A_DURATION = "a duration such as 30s, 5m or 1h30m"
_AN_IMAGE = "an image repository such as quay.io/acme/sample"

LINE = Rule("a text", _LINE, (_PRINTABLE,))
SCRIPT = Rule("a shell command", r"[^\x00]*\S[^\x00]*")
RELEASE = Rule("lower-case letters, digits, '-' and '.', at most 53 of them (Helm's limit)", _RELEASE)
NAMESPACE = Rule("lower-case letters, digits and '-', at most 63 of them", _LABEL)
ENVIRONMENT = Rule("letters, digits, '-', '_' and '.', at most 63 of them", _ENVIRONMENT)
IMAGE = Rule(
    _AN_IMAGE,
    r"[^\s]{1,512}",
    (
        (_reads(parse_image), _AN_IMAGE),
        (_is_bare, "an image repository without tag and digest, which Trunkline adds for each commit"),
    ),
)
CHART = Rule("a chart's name: letters, digits, '-', '_' and '.'", _CHART)
CHART_VERSION = Rule(
    "a version such as 1.4.2 or a range such as ~1.4",
    r"[0-9A-Za-z.+*<>=!~^|, -]+",
    ((_reads(parse_range), "a version such as 1.4.2 or a range such as ~1.4"),),
)
LOCATION = Rule(
    "s3://bucket/prefix, a directory, or a git+https:// address",
    f"{_LOCATION}|{_GIT}",
    (_PRINTABLE, (_without_login, "an address without a login in it")),
)
CHARTS = Rule(
    "s3://bucket/prefix, a directory, or an https://, oci:// or git+https:// address",
    f"{_LOCATION}|{_GIT}|{_WEB}|{_OCI}",
    (
        _PRINTABLE,
        (_without_login, "an address without a login in it, which belongs into username and password"),
    ),
)
PATH = Rule("a path", _LINE, (_PRINTABLE,))
FILE = Rule(
    "a file's name below the values' location, without '..'",
    _PATH_BELOW,
    (_PRINTABLE, (_is_file_below, "a file's name")),
)
FOLDER = Rule(
    "a folder below the values' location, without '..'",
    r"(?!(?:.*/)?\.\.(?:/|$))[^\\\x00-\x1f\x7f]+",
    (_PRINTABLE,),
)
KEYS = Rule("keys joined by dots such as image.tag", _KEYS)
BRANCH = Rule("a branch's name", _BRANCH, (_PRINTABLE,))
ARGUMENT = Rule("a name such as BASE_IMAGE: letters, digits and '_'", _ARGUMENT)
SECRET_ID = Rule("a secret's id: letters, digits, '-', '_' and '.'", r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
PLATFORM = Rule("a platform such as linux/arm64", r"[a-z0-9]+/[a-z0-9]+(?:/[a-z0-9]+)?")
CACHE = Rule(
    "a repository, or a cache such as type=registry,ref=quay.io/acme/cache",
    r"[^\s\x00-\x1f\x7f]+",
    (_PRINTABLE,),
)
LABEL = Rule("a label's key such as com.example.team", r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,253}[A-Za-z0-9])?")
# What Quay reads: quay.expires-after (docs.quay.io, tag expiration).
EXPIRY = Rule("an age such as 12h, 3d or 2w", r"[1-9][0-9]{0,3}[hdw]")
EXACT_VERSION = Rule("a version such as 1.4.0", r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?")
METRIC_PREFIX = Rule(
    "letters, digits and '_', in parts joined by '.', beginning with a letter", _METRIC_PREFIX
)
SERVICE = Rule("a Service's name: lower-case letters, digits and '-', at most 63 of them", _LABEL)
PORT_NAME = Rule("a port's number or name", _PORT_NAME)
URL_PATH = Rule("a path such as /healthz", r"/[^\s#\x00-\x20\x7f]*", (_PRINTABLE,))
QUERIED_URL = Rule(
    "an address such as https://sample.example.com/healthz",
    rf"{_URL}(?:\?[^\s#\x00-\x20\x7f]*)?",
    (_PRINTABLE,),
)
JSON_KEYS = Rule("keys joined by dots such as build.commit", r"[^\s.]+(?:\.[^\s.]+)*")
SITE = Rule("a Datadog site such as datadoghq.eu", _HOST)
URL = Rule("an address such as https://proxy.example.com", _URL, (_PRINTABLE,))
PORT = Rule("a port", _PORT)
ADDRESS = Rule("a host and a port such as 127.0.0.1:8125", rf"{_SERVER}:{_PORT}")
DOGSTATSD = Rule(
    "udp://host:port or unix:///path", rf"udp://{_SERVER}:{_PORT}|unix://{_SOCKET}", (_PRINTABLE,)
)


def is_duration(text: str) -> bool:
    """Whether `parse_duration` reads the text; a text of any length is answered quickly."""
    return len(text) <= _LONGEST_DURATION and _reads(parse_duration)(text)


def _within_a_day(text: str) -> bool:
    return parse_duration(text) <= _LONGEST_TIMEOUT_S


def _positive(text: str) -> bool:
    return parse_duration(text) > 0


def _within_a_year(text: str) -> bool:
    return parse_duration(text) <= _LONGEST_AGE_S


_UP_TO_A_DAY = (_within_a_day, "a duration of at most 24h")
DURATION = Rule(_A_DURATION, _DURATION, ((is_duration, _A_DURATION), _UP_TO_A_DAY))
TIMEOUT = Rule(
    _A_DURATION,
    _DURATION,
    ((is_duration, _A_DURATION), (_positive, "a duration longer than nothing"), _UP_TO_A_DAY),
)
AGE = Rule(
    "a duration such as 24h or 7d",
    _DURATION,
    (
        (is_duration, "a duration such as 24h or 7d"),
        (_positive, "a duration longer than nothing"),
        (_within_a_year, "a duration of at most 366d"),
    ),
)
DAY = Rule(
    "a day such as 2026-12-31",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    ((_reads(date.fromisoformat), "a day of the calendar"),),
)
