"""YAML that remembers where everything stands, and takes nothing for granted.

Scalars follow the core schema of YAML 1.2.2 (section 10.3.2): `yes`, `no`, `on` and `off` are words. Duplicate
keys and tags are mistakes, and so are merge keys (`<<`), unless the reader's file is one that has them. A few aliases are fine; what multiplies or contains itself is not.

The tree is put together from the parser's events: libyaml's own composer recurses in C, so that a few thousand
brackets would end the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple

from trunkline.config.mistakes import START, Mistake, Path, Spot, quoted
from trunkline.dataclass import dataclass
from trunkline.expressions import expression

if TYPE_CHECKING:
    import yaml

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_DECIMAL = expression(r"[-+]?[0-9]{1,18}")
_OTHER_INTEGER = expression(r"0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = expression(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
# All that a YAML stream may hold (1.2.2, section 5.1).
_FORBIDDEN = expression(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORE_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!", None})

_MERGE = "<<"
_DEEPEST = 32
_MOST_NODES = 20_000
LARGEST = 1024 * 1024


class Number(NamedTuple):
    """A number together with its spelling, which is what counts where a text is wanted (`1.10` is no 1.1)."""

    value: float
    text: str


class Scalar(NamedTuple):
    """A text, a number, true or false, or nothing."""

    spot: Spot
    value: str | bool | Number | None


@dataclass(slots=True)
class Sequence:
    """A list."""

    spot: Spot
    items: list[Node] = field(default_factory=list)


class Entry(NamedTuple):
    """A key's place, and its value."""

    spot: Spot
    value: Node


@dataclass(slots=True)
class Mapping:
    """Keys and values; every key is a text, spelled as in the file."""

    spot: Spot
    entries: dict[str, Entry] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


class Parsed(NamedTuple):
    """What a text holds; `root` is None for an empty or unreadable one."""

    root: Node | None
    mistakes: tuple[Mistake, ...] = ()


def parse(text: str, *, merging: bool = False) -> Parsed:
    """Read one YAML document; whatever the text is, what is wrong with it is in `mistakes`.

    Args:
        text: the document.
        merging: whether `<<` merges other mappings into its own, whose keys count more (YAML 1.1's merge key).
    """
    if len(text) > LARGEST:
        return Parsed(None, (Mistake(START, f"the file has more than {LARGEST // 1024} KiB"),))
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        spot = Spot(line, found.start() - text.rfind("\n", 0, found.start()))
        what = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
        return Parsed(None, (Mistake(spot, what),))
    tree = _Tree(merging=merging)
    try:
        tree.read(text)
    except _Unreadable as error:
        return Parsed(None, (*tree.mistakes, error.mistake))
    return Parsed(tree.root, tuple(tree.mistakes))


class _Unreadable(Exception):
    """The rest of the text cannot be read."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.text)
        self.mistake = mistake


@dataclass(slots=True)
class _Open:
    """A container whose end is not there yet; `key` waits for its value, `dropped` says that it waits in vain."""

    node: Sequence | Mapping
    anchor: str | None
    path: Path
    size: int = 1
    height: int = 1
    key: str | None = None
    key_spot: Spot = START
    dropped: bool = False
    merged: set[str] = field(default_factory=set)


class _Tree:
    def __init__(self, *, merging: bool = False) -> None:
        self._merging = merging
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self._open: list[_Open] = []
        # Each anchored node, with its size and height; None while it is not complete.
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._nodes = 0

    def read(self, text: str) -> None:
        import yaml  # noqa: PLC0415 - 15 ms that commands without a file do not need

        documents = 0
        for event in _events(text):
            spot = Spot(event.start_mark.line + 1, event.start_mark.column + 1)
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise _Unreadable(Mistake(spot, "a second document begins here; one is expected"))
                case yaml.ScalarEvent():
                    self._check_tag(event.tag, spot)
                    self._count(1, spot)
                    plain = event.implicit[0] and event.tag is None
                    scalar = Scalar(spot, resolve(event.value) if plain else event.value)
                    self._finish(scalar, event.anchor, event.value)
                case yaml.MappingStartEvent():
                    self._begin(Mapping(spot), event)
                case yaml.SequenceStartEvent():
                    self._begin(Sequence(spot), event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    done = self._open.pop()
                    self._finish(done.node, done.anchor, None, done.size, done.height)
                case yaml.AliasEvent():
                    self._alias(event.anchor or "", spot)

    def _path(self) -> Path:
        if not self._open:
            return ()
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            return (*parent.path, len(parent.node.items))
        return parent.path if parent.key is None else (*parent.path, parent.key)

    def _check_tag(self, tag: str | None, spot: Spot) -> None:
        if tag not in _CORE_TAGS:
            # The tag may be the beginning of a password, so that it is not repeated.
            what = "tags have no meaning here; put quotes around a value that begins with '!'"
            self.mistakes.append(Mistake(spot, what, self._path()))

    def _begin(self, node: Sequence | Mapping, event: yaml.CollectionStartEvent) -> None:
        self._check_tag(event.tag, node.spot)
        if len(self._open) >= _DEEPEST:
            raise _Unreadable(Mistake(node.spot, f"this is nested more than {_DEEPEST} levels deep"))
        self._count(1, node.spot)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor, self._path()))

    def _alias(self, anchor: str, spot: Spot) -> None:
        found = self._anchors.get(anchor)
        if found is None:
            what = "contains itself" if anchor in self._anchors else "has no anchor (`&name`) before it"
            text = f"this alias {what}; put quotes around a value that begins with '*'"
            self.mistakes.append(Mistake(spot, text, self._path()))
            self._place(Scalar(spot, None), "", 1, 1)
            return
        node, size, height = found
        if len(self._open) + height > _DEEPEST:
            raise _Unreadable(Mistake(spot, f"aliases nest this more than {_DEEPEST} levels deep"))
        self._count(size, spot)
        self._place(node, None, size, height)

    def _finish(
        self, node: Node, anchor: str | None, text: str | None, size: int = 1, height: int = 1
    ) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)
        self._place(node, text, size, height)

    def _place(self, node: Node, text: str | None, size: int, height: int) -> None:
        """Put a complete node where it belongs; `text` is a scalar's spelling, None for all else."""
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            self._await_value(parent, parent.node, node.spot, text)
        else:
            if parent.key == _MERGE and self._merging:
                self._merge(parent, parent.node, node)
            elif not parent.dropped:
                # A key that was merged gives way, and stands where it is spelled out.
                parent.node.entries.pop(parent.key, None)
                parent.node.entries[parent.key] = Entry(parent.key_spot, node)
            parent.key = None

    def _merge(self, parent: _Open, mapping: Mapping, node: Node) -> None:
        """Take over the keys of another mapping, or of several, as far as they are not there."""
        for source in node.items if isinstance(node, Sequence) else [node]:
            if not isinstance(source, Mapping):
                what = "a merge key (`<<`) takes a mapping, or a list of mappings"
                self.mistakes.append(Mistake(parent.key_spot, what, parent.path))
                continue
            for name, entry in source.entries.items():
                if name not in mapping.entries:
                    mapping.entries[name] = entry
                    parent.merged.add(name)

    def _await_value(self, parent: _Open, mapping: Mapping, spot: Spot, text: str | None) -> None:
        """Take a key; one that cannot stand is a mistake, and its value is dropped."""
        parent.key, parent.key_spot, parent.dropped = text or "", spot, True
        if text is None:
            self.mistakes.append(Mistake(spot, "a key is one word, not a list or a mapping", parent.path))
        elif text == _MERGE and self._merging:
            return
        elif text == _MERGE:
            what = "merge keys (`<<`) have no meaning here; write the keys out"
            self.mistakes.append(Mistake(spot, what, parent.path))
        elif (earlier := mapping.entries.get(text)) and text not in parent.merged:
            what = f"the key {quoted(text)} stands in line {earlier.spot.line} already"
            self.mistakes.append(Mistake(spot, what, parent.path))
        else:
            parent.dropped = False
            parent.merged.discard(text)

    def _count(self, nodes: int, spot: Spot) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise _Unreadable(Mistake(spot, f"the file has more than {_MOST_NODES} values"))


def resolve(plain: str) -> str | bool | Number | None:
    """What an unquoted scalar means in YAML's core schema. Numbers too long for a machine are floats."""
    if plain in _NULL:
        return None
    if plain in _BOOLEANS:
        return _BOOLEANS[plain]
    if _DECIMAL.fullmatch(plain):
        return Number(int(plain), plain)
    if _OTHER_INTEGER.fullmatch(plain):
        return Number(int(plain, 0), plain)
    if _FLOAT.fullmatch(plain):
        return Number(float(plain.lower().replace(".inf", "inf").replace(".nan", "nan")), plain)
    return plain


def _events(text: str) -> Iterator[Any]:
    """The parser's events; what it cannot read ends them with `_Unreadable`."""
    import yaml  # noqa: PLC0415 - see above

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else START
        why = " ".join(part for part in (error.problem, error.context) if part)
        # Inside [] and {} the brace of an unquoted variable is YAML's own.
        lines = text.split("\n")
        braces = spot.line <= len(lines) and "${" in lines[spot.line - 1]
        mend = "; inside of [] and {}, put quotes around ${...}" if braces else ""
        raise _Unreadable(Mistake(spot, f"this is no YAML: {why}{mend}")) from None
    except yaml.YAMLError:
        raise _Unreadable(Mistake(START, "this is no YAML")) from None
