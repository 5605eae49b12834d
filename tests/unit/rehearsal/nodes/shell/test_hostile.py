"""Whatever a script is, playing it ends soon and raises nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rehearsal.nodes.shell.played import begun, container, played
from trunkline.rehearsal.nodes.shell.process import execute

_PIECES = [
    "echo", "x=", "$x", "${x:-", "}", "$((", "))", "$(", ")", "(", "{", "if", "then", "fi", "while", "do", "done", ";",
    "\n", "&&", "||", "|", "&", "<<EOF", "EOF", ">", ">/tmp/a", "<", "2>&1", "'", '"', "`", "case", "in", "esac", ";;", "*)",
    "for i in", "sleep 1", "exit", "trap", "TERM", "kill 1", "wait", "test", "[", "]", "-e", "!", "=", "cat", "read", "set -eu",
    "shift 9", "break", "continue", "exec", "eval", "sh -c", ". /tmp/a", "printf %999d", "seq 9", "tail -f", "cd", "\\", "#", "$",
    "true", "false", "until", "$!", "$@", '"$@"', "1", "9999999999", "/tmp/*", "rm -r /", "mkdir -p", "date +%s", "x=$x$x",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)), max_size=25).map(" ".join))
def test_any_script_comes_to_rest(script: str) -> None:
    """It ends, is unknown, or waits; and a probe of the same words does, too."""
    process = played(begun(script), 50.0)
    assert process.ending is not None or process.is_unknown or process.due_s > 50.0
    execute(process, container(), ["sh", "-c", script])


@pytest.mark.parametrize(
    "script",
    [
        "while :; do :; done",
        "x=a; while :; do x=$x$x; done",
        "while :; do echo y; done",
        "while :; do sleep 0; done",
        "f=1; while :; do f=$((f+1)); touch /tmp/$f; done",
        "while :; do sleep 9 & done",
        "x='eval $x'; eval $x",
        'sh -c \'sh -c "$0" "$0"\' \'sh -c "$0" "$0"\'',
        "echo " + "$(" * 500,
        "(" * 5_000,
        "echo $((" + "(" * 900 + "))",
        "! " * 5_000 + "true",
        "trap 'kill 1' TERM; kill 1; wait",
        "printf %9999d; seq 1 999999999; printf '%s' " + "x" * 60_000,
        "test " + "! " * 90 + "x",
        "for i in a | b; do echo $i; done",
        "for i in & do",
        "case " + "a" * 500 + " in " + "*a" * 200 + "b) ;; esac",
    ],
)
def test_what_never_ends_is_bounded(script: str) -> None:
    """Neither steps nor texts, files, jobs or depth go beyond their bounds."""
    process = played(begun(script), 30.0)
    assert len(process.log) <= 500
    assert all(len(line) <= 4_096 for _, line in process.log)
    assert len(process.container.files.layer.files) <= 256
