"""What a `Chart.yaml` says of its chart, in the fields that Helm knows and as Helm's own types spell them.

Source: helm.sh/docs/topics/charts (The Chart.yaml File). What Helm does not know is left out: the S3 plug-in
refuses an index with a field that it has never heard of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.charts.trees import read_yaml
from trunkline.domain.versions import parse_version
from trunkline.expressions import expression

# Helm's own rule for a chart's name, and the longest that still makes a file's name with its version.
_NAME = expression(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Fields whose values are texts to Helm, whatever they look like.
TEXTS = (
    "apiVersion",
    "name",
    "version",
    "kubeVersion",
    "description",
    "type",
    "home",
    "icon",
    "appVersion",
    "condition",
    "tags",
)
_LISTS = ("keywords", "sources")
_MAINTAINER = ("name", "email", "url")
_DEPENDENCY = ("name", "version", "repository", "condition", "alias")
_FORMATS = frozenset({"v1", "v2"})


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """One version of a chart.

    Attributes:
        name: letters, digits, `.`, `_` and `-`.
        version: semantic, exact.
        fields: what Chart.yaml says, as Helm's index repeats it; JSON's own types.
    """

    name: str
    version: str
    fields: Mapping[str, Any]

    @property
    def archive(self) -> str:
        """The file's name in a repository."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Names of the charts that it brings along."""
        return tuple(str(item.get("name", "")) for item in self.fields.get("dependencies", ()))


def read_metadata(text: str) -> ChartFacts:
    """Read a Chart.yaml.

    Raises:
        ValueError: it is none; the message says what is wrong with it, as the end of a sentence about it.
    """
    return chart_facts(read_yaml(text, typed=True))


def chart_facts(content: Any) -> ChartFacts:
    """The same from what was already parsed.

    Raises:
        ValueError: as `read_metadata`.
    """
    if not isinstance(content, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - what others wrote is a value, not a type of ours
    fields = {key: str(value) for key in TEXTS if (value := _text(content, key))}
    name, version = fields.get("name", ""), fields.get("version", "")
    if not _NAME.fullmatch(name):
        raise ValueError("its `name` has to be letters, digits, '.', '_' and '-'")
    try:
        parse_version(version)
    except ValueError:
        raise ValueError("its `version` has to be an exact version such as 1.4.2") from None
    if fields.get("apiVersion") not in _FORMATS:
        raise ValueError("its `apiVersion` has to be v2 (or v1)")
    return ChartFacts(name, version, {**fields, **_further(content)})


def _text(content: Mapping[Any, Any], key: str) -> str:
    value = content.get(key)
    if isinstance(value, (dict, list)):
        raise ValueError(f"its `{key}` has to be a text")  # noqa: TRY004 - as above
    # A plain `true` where Helm wants a text is a text to Helm as well.
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _further(content: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: _texts(content, key) for key in _LISTS if content.get(key)}
    if content.get("deprecated") in (True, "true"):
        found["deprecated"] = True
    if people := _mappings(content, "maintainers"):
        found["maintainers"] = [
            {key: text for key in _MAINTAINER if (text := _text(item, key))} for item in people
        ]
    if isinstance(notes := content.get("annotations"), dict) and notes:
        found["annotations"] = {str(key): _text(notes, key) for key in notes}
    if charts := _mappings(content, "dependencies"):
        found["dependencies"] = [_dependency(item) for item in charts]
    return found


def _dependency(item: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: text for key in _DEPENDENCY if (text := _text(item, key))}
    # Helm's index always names the repository of a dependency, even an empty one.
    found.setdefault("repository", "")
    if tags := _texts(item, "tags"):
        found["tags"] = tags
    return found


def _texts(content: Mapping[Any, Any], key: str) -> list[str]:
    value = content.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or any(isinstance(item, (dict, list)) for item in value):
        raise ValueError(f"its `{key}` has to be a list of texts")
    return [str(item) for item in value if item is not None]


def _mappings(content: Mapping[Any, Any], key: str) -> list[dict[Any, Any]]:
    value = content.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"its `{key}` has to be a list of mappings")
    return value
