"""What connects one part of a `trunkline.yaml` with another: needs, doubles, the chart's source, a login's two halves.

The data may be wrong in any other way (the schema tells of that), so that everything is looked at with care
and what has not the expected shape is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.config.document import Document
from trunkline.config.gate_connections import check_gate
from trunkline.config.interpolation import Interpolated
from trunkline.config.mistakes import Mistake, Path, quoted, suggestion
from trunkline.config.rules import MOST_ENVIRONMENTS, is_duration
from trunkline.domain.durations import parse_duration
from trunkline.domain.rehearsals.scenarios import FAILURES, What

_PARAMETERS = {name for known in FAILURES.values() for name in known}
_DEEDS = ("http", "command", "helm_test")


def check_connections(document: Document) -> Iterator[Mistake]:
    """The mistakes that no part shows alone."""
    environments = {
        name: section
        for name, section in _mapping(_mapping(document.data).get("environments")).items()
        if isinstance(section, dict)
    }
    yield from _chart(document)
    yield from _login(document)
    # With more environments than there may be, that is the mistake, and looking further takes long.
    if len(environments) <= MOST_ENVIRONMENTS:
        yield from _needs(document, environments)
        yield from _circles(document, environments)
    yield from _doubles(document, environments)
    yield from _impatient(document, environments)
    yield from _checks(document, environments)
    yield from _scenarios(document, environments)
    yield from check_gate(document, environments)
    yield from _places(document, environments)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _at_key(document: Document, path: Path, text: str) -> Mistake:
    return Mistake(document.place(path).key, text, path)


def _places(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """What is said of environments elsewhere is of some that are there."""
    named = [("ci", "circleci", name) for name in ("images", "contexts", "roles")]
    for path in (*named, ("ci", "images", "kubectl")):
        for place in _mapping(_at(document.data, path)):
            if place not in environments:
                text = f"there is no environment {quoted(place)}{suggestion(place, environments)}"
                yield _at_key(document, (*path, place), text)


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        data = _mapping(data).get(part)
    return data


def _chart(document: Document) -> Iterator[Mistake]:
    chart = _mapping(document.data).get("chart")
    if not isinstance(chart, dict):
        return
    path, name, repository, version = (chart.get(key) for key in ("path", "name", "repository", "version"))
    if path and (name or repository or version):
        yield _at_key(document, ("chart",), "expected either path or name and repository, found both")
    elif not (path or name or repository):
        yield _at_key(document, ("chart",), "expected path, or name and repository")
    elif not path and not (name and repository):
        lacking = "repository" if name else "name"
        yield _at_key(document, ("chart",), f"name and repository belong together; '{lacking}' is missing")


def _login(document: Document) -> Iterator[Mistake]:
    for part in ("image", "chart"):
        section = _mapping(_mapping(document.data).get(part))
        if bool(section.get("username")) != bool(section.get("password")):
            lacking = "password" if section.get("username") else "username"
            text = f"username and password belong together; '{lacking}' is missing or empty"
            yield _at_key(document, (part,), text)


def _needs(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    told = {mistake.path for mistake in document.mistakes}
    for name, section in environments.items():
        for index, need in enumerate(_listed(section)):
            path = ("environments", name, "needs", index)
            place = document.place(path)
            if not isinstance(need, str) or path in told:
                continue
            if need == name:
                yield Mistake(place.value, "an environment cannot need itself", path)
            elif need not in environments:
                known = f"; known: {', '.join(environments)}"
                near = "" if isinstance(need, Interpolated) else suggestion(need, environments)
                yield Mistake(place.value, f"there is no environment {place.shown}{near or known}", path)


def _listed(section: Mapping[str, Any]) -> list[Any]:
    needs = section.get("needs")
    return needs if isinstance(needs, list) else []


def _circles(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """Each circle once, at its first environment."""
    graph = {
        name: [
            need
            for need in _listed(section)
            if isinstance(need, str) and need in environments and need != name
        ]
        for name, section in environments.items()
    }
    told: set[str] = set()
    for name in graph:
        circle = [] if name in told else _way_back(graph, name)
        if circle:
            told.update(circle)
            chain = " needs ".join((*circle, name))
            yield _at_key(document, ("environments", name, "needs"), f"this is a circle: {chain}")


def _way_back(graph: Mapping[str, list[str]], start: str) -> list[str]:
    """The shortest way from `start` back to itself, without its end; empty where there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    for name in waiting:
        for need in graph[name]:
            if need == start:
                way = [name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if need not in came_from:
                came_from[need] = name
                waiting.append(need)
    return []


def _doubles(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """Two environments that are one Helm release would overwrite each other."""
    service = _mapping(document.data).get("service")
    first: dict[tuple[Any, ...], str] = {}
    for name, section in environments.items():
        identity = (
            section.get("kubeconfig") or "",
            section.get("context") or "",
            section.get("namespace"),
            section.get("release") or service,
        )
        if not all(isinstance(part, str) for part in identity) or not all(identity[2:]):
            continue
        other = first.setdefault(identity, name)
        if other != name:
            text = f"this is the same release as environments.{other}; give it another context, namespace or release"
            yield _at_key(document, ("environments", name), text)


def _impatient(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """A rollout that has to stay good for longer than it may take can never succeed."""
    for name, section in environments.items():
        settle, timeout = section.get("settle", "10s"), section.get("timeout", "5m")
        if not all(isinstance(text, str) and is_duration(text) for text in (settle, timeout)):
            continue
        if parse_duration(settle) >= parse_duration(timeout) > 0:
            key = "settle" if "settle" in section else "timeout"
            text = f"settle ({_shown(settle)}) has to be shorter than timeout ({_shown(timeout)})"
            path = ("environments", name, key)
            yield Mistake(document.place(path).value, text, path)


def _checks(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """Each check does one thing, and a question over HTTP has one address."""
    for name, section in environments.items():
        checks = section.get("checks")
        for index, check in enumerate(checks if isinstance(checks, list) else ()):
            if not isinstance(check, dict):
                continue
            path: Path = ("environments", name, "checks", index)
            given = [key for key in _DEEDS if key in check]
            if len(given) != 1:
                found = f", found {' and '.join(given)}" if given else ""
                yield _at_key(document, path, f"expected one of {', '.join(_DEEDS)}{found}")
            elif "expect" in check and "http" not in check:
                yield _at_key(document, (*path, "expect"), "only an answer over HTTP can be expected")
            if isinstance(check.get("http"), dict):
                yield from _address(document, check["http"], (*path, "http"))


def _address(document: Document, http: Mapping[str, Any], path: Path) -> Iterator[Mistake]:
    of_service = [key for key in ("service", "port", "path") if key in http]
    if "url" in http and of_service:
        text = f"expected either url or service, port and path, found url and {' and '.join(of_service)}"
        yield _at_key(document, path, text)
    elif "url" not in http and not {"service", "port"} <= http.keys():
        yield _at_key(document, path, "expected url, or service and port")


def _shown(text: str) -> str:
    return quoted(text.spelling)[1:-1] if isinstance(text, Interpolated) else text


def _scenarios(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """A scenario strikes a place that there is, says only what its failure knows, and has a name of its own."""
    listed = _mapping(_mapping(document.data).get("rehearse")).get("scenarios")
    names: set[str] = set()
    for index, scenario in enumerate(listed if isinstance(listed, list) else ()):
        path: Path = ("rehearse", "scenarios", index)
        if not isinstance(scenario, dict):
            continue
        name, where, what = (scenario.get(key) for key in ("name", "environment", "what"))
        if isinstance(name, str) and name in names:
            yield Mistake(
                document.place((*path, "name")).value, f"there are two scenarios named {name}", path
            )
        names.add(str(name))
        if isinstance(where, str) and where and where not in environments:
            place = document.place((*path, "environment"))
            near = suggestion(where, environments) or f"; known: {', '.join(environments)}"
            yield Mistake(place.value, f"there is no environment {place.shown}{near}", path)
        if what in set(What):
            for key in sorted(_PARAMETERS & set(scenario) - set(FAILURES[What(str(what))])):
                yield _at_key(document, (*path, key), f"{what} does not know '{key}'")
