"""A configuration as it is looked at: its parts by name, and the list of what was found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field

from trunkline.config.circleci.findings import Finding
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, kind_of, text
from trunkline.config.mistakes import Spot, quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Node, Number, Scalar, Sequence
from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_DURATION = expression(r"[0-9]+(?:\.[0-9]+)?\s*(?:ms|s|m|h)?")


@dataclass(slots=True)
class Survey:
    """What is looked at.

    Attributes:
        root: the whole file.
        source: its lines.
        scope: inside of an orb that is written in the file, that orb; else the root.
    """

    root: Mapping
    source: list[str]
    findings: list[Finding] = field(default_factory=list)
    scope: Mapping | None = None

    def add(self, rule: str, spot: Spot, what: str, mend: str) -> None:
        """One more finding; the same about the same place counts once, as anchors repeat what they stand for."""
        found = Finding(rule, spot, what, mend)
        if found not in self.findings:
            self.findings.append(found)

    def named(self, kind: str) -> dict[str, Entry]:
        """The `jobs`, `commands`, `executors` or `orbs` that are there."""
        return entries(child(self.scope or self.root, kind))

    def keys(self, node: Node, known: Iterable[str], where: str) -> None:
        """See that a mapping has keys that its place knows only."""
        known = tuple(known)
        for name, entry in entries(node).items():
            if name not in known:
                near = suggestion(name, known)
                self.add(
                    "unknown-key",
                    entry.spot,
                    f"{where} has no key {quoted(name)}{near}",
                    f"Write one of {', '.join(sorted(known))}."
                    if len(known) < _FEW
                    else "Correct its name, or remove it.",
                )

    def needs(self, node: Node, names: Iterable[str], where: str) -> None:
        """See that nothing is left out."""
        for name in names:
            if is_nothing(child(node, name)):
                self.add("missing-key", node.spot, f"{where} has no {quoted(name)}", f"Add the key {name}.")

    def kind(self, node: Node, kind: str, where: str) -> bool:
        """See that a value is of the kind that its place asks for; what CircleCI fills in first may be anything."""
        if is_templated(node) or kind == "any" or _KINDS[kind](node):
            return True
        self.add(
            "shape", node.spot, f"{where} is {_WORDS[kind]}, not {kind_of(node)}", f"Write {_WORDS[kind]}."
        )
        return False

    def values(self, node: Node, kinds: dict[str, str], where: str) -> None:
        """The same for all keys of a mapping."""
        for name, entry in entries(node).items():
            kind = kinds.get(name, "any")
            if kind not in ("steps", "logic"):
                self.kind(entry.value, kind, f"{quoted(name)} of {where}")

    def orb(self, name: str) -> bool | None:
        """Whether `orb/thing` comes from an orb that is declared; None where it comes from none."""
        alias, slash, _ = name.partition("/")
        return alias in self.named("orbs") if slash else None

    def unknown_orb(self, spot: Spot, name: str) -> None:
        """Say that what `orb/thing` would come from is not declared."""
        alias = name.partition("/")[0]
        known = self.named("orbs")
        self.add(
            "unknown-orb",
            spot,
            f"there is no orb {quoted(alias)}{suggestion(alias, known)}, from which {quoted(name)} would come",
            "Declare it below `orbs`, or correct its name.",
        )


_FEW = 14


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is not None


def _is_flag(node: Node) -> bool:
    return isinstance(node, Scalar) and (
        isinstance(node.value, bool) or text(node) in ("yes", "no", "on", "off")
    )


def _is_number(node: Node) -> bool:
    return isinstance(node, Scalar) and (isinstance(node.value, Number) or text(node).isdigit())


def _are_texts(node: Node) -> bool:
    return _is_text(node) or (isinstance(node, Sequence) and all(map(_is_line, node.items)))


def _is_line(node: Node) -> bool:
    return isinstance(node, Scalar)


def _is_environment(node: Node) -> bool:
    if isinstance(node, Sequence):
        return all(isinstance(item, (Mapping, Scalar)) for item in node.items)
    if isinstance(node, Mapping):
        return all(isinstance(entry.value, Scalar) for entry in node.entries.values())
    return isinstance(node, Scalar)


_KINDS: dict[str, Callable[[Node], bool]] = {
    "text": _is_text,
    "flag": _is_flag,
    "number": _is_number,
    "duration": lambda node: isinstance(node, Scalar) and bool(_DURATION.fullmatch(text(node))),
    "list": lambda node: isinstance(node, Sequence),
    "list-of-maps": lambda node: (
        isinstance(node, Sequence) and all(isinstance(item, Mapping) for item in node.items)
    ),
    "texts": _are_texts,
    "map": lambda node: isinstance(node, Mapping) or is_nothing(node),
    "environment": _is_environment,
    "steps": lambda node: isinstance(node, Sequence),
    "logic": lambda _: True,
}
_WORDS = {
    "text": "a text",
    "flag": "true or false",
    "number": "a number",
    "duration": "a time such as 20m",
    "list": "a list",
    "list-of-maps": "a list of mappings",
    "texts": "a text or a list of texts",
    "map": "a mapping",
    "environment": "a mapping of variables to texts",
    "steps": "a list of steps",
    "logic": "a condition",
}
