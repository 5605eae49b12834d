"""What scripts say and how they end, as `sh` does it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.unit.rehearsal.nodes.shell.played import begun, container, played, said
from trunkline.rehearsal.nodes.files import Files, Mount, Tree
from trunkline.rehearsal.nodes.shell.process import Answer, Ending, execute

_AS_SH = [
    "echo a b; echo 'c  d'; exit 3",
    "true && echo yes || echo no",
    "false && echo yes || echo no",
    "false; echo $?",
    "! false; echo $?",
    'x=1; y=${x:-2}${z:-3}${z-4}; echo "$y" ${x:+set} ${#x}',
    "unset a; echo ${a:=5} $a",
    "p=usr/local/bin; echo ${p#*/} ${p##*/} ${p%/*} ${p%%/*}",
    "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i + 1)); done",
    "i=0; until test $i -ge 2; do i=$((i+1)); echo $i; done; echo over",
    "for x in a 'b c' d; do if [ \"$x\" = d ]; then break; fi; echo \"<$x>\"; done",
    "for x in 1 2 3; do [ $x = 2 ] && continue; echo $x; done",
    "case abc-1 in x|*-2) echo no;; *-1) echo one;; esac",
    "case x in y) echo no;; *) echo any ;; esac",
    "if false; then echo a; elif true; then echo b; else echo c; fi",
    'echo "$(echo inner; echo more)" $(echo "a   b") `echo old`',
    "x=$(false); echo $?",
    "(x=2; exit 4); echo $? $x",
    "{ echo one; echo two; } | grep two",
    "echo 'b a' | while read x y; do echo $y; done",
    "printf '%s-%d\\n' a 1 b 2",
    "printf '%5s|%-3s|%03d' x y 7",
    'set -- a b c; shift; echo $# $1 "$@"',
    "set -e; echo a; false; echo b",
    "set -e; if false; then :; fi; false || true; echo still",
    "set -u; echo before; echo $nothing; echo after",
    "trap 'echo bye' EXIT; echo hi; exit 2",
    "cat <<EOF\nhello $((2 * 3))\nEOF\necho then",
    "cat <<'EOF'\nhello $HOME\nEOF",
    "x=5 sh -c 'echo $x $0 $1' zero one; echo [$x]",
    "eval 'echo ev'al; echo $((1+2*3%4)) $((7/2)) $((1<2 && 0)) $((0x10)) $((x ? 1 : 2))",
    "echo one >&2; echo two 2>/dev/null 1>&2",
    "echo a\\ b \"c\\\"d\" 'e' # a comment",
    "exec echo replaced; echo never",
    "sleep 0 & wait $!; echo $?",
    "[ -z '' ] && [ -n x ] && [ a != b ] && [ ! a = b ] && echo all",
    "seq 3 | head -n 2; seq 2 4 | tail -n 1; seq 5 | wc -l",
    "nothing=; echo ${nothing:-def}; : ; echo $?",
    "echo a;echo b&&echo c\necho d",
    "kill -0 $$ && echo alive",
    "basename /a/b/c; dirname /a/b/c",
    "exit 300",
    "f=/dev/null; cat $f; echo $?",
    "command -v echo; export A=1; sh -c 'echo $A'",
]  # fmt: skip


@pytest.mark.parametrize("script", _AS_SH)
def test_a_script_does_what_sh_does(script: str) -> None:
    """It says the same and ends the same as in the shell of this machine."""
    shell = shutil.which("dash") or shutil.which("sh") or "sh"
    real = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False, timeout=10)
    process = played(begun(script, HOME="/root"))
    assert process.ending == Ending(real.returncode)
    ours = [line for line in said(process) if not line.startswith("sh: ")]
    theirs = [*real.stdout.splitlines(), *(line for line in real.stderr.splitlines() if shell not in line)]
    assert sorted(ours) == sorted(theirs)


def test_time_passes_where_a_script_sleeps() -> None:
    """Each line bears its moment, and the process says when it goes on."""
    process = begun("echo first; sleep 8; echo second; sleep 1.5; exit 7")
    process.go_on(0.0)
    assert process.due_s == 8.0
    assert played(process).ending == Ending(7)
    assert list(process.log) == [(0.0, "first"), (8.0, "second")]


def test_a_job_in_the_background_goes_on_beside_the_script() -> None:
    """What it does is seen when it is done, and `wait` waits for it."""
    process = played(
        begun("(sleep 5; touch /tmp/go) & until test -e /tmp/go; do sleep 2; done; wait; date +%s")
    )
    assert process.ending == Ending(0)
    assert said(process) == ["1000000006"]


@pytest.mark.parametrize(
    ("script", "handled", "ending"),
    [
        ("trap 'echo bye; exit 5' TERM; sleep 100 & wait; echo after", True, Ending(5)),
        ("trap 'exit 5' TERM; while true; do sleep 3; done", True, Ending(5)),
        ("trap '' TERM; sleep 100", False, Ending(0)),
        ("sleep 100", False, Ending(0)),
        ("trap 'exit 5' TERM; exec sleep 100", False, Ending(0)),
    ],
)
def test_the_first_process_gets_only_what_it_traps(script: str, handled: bool, ending: Ending) -> None:
    """Linux keeps from a container's first process the signals that it has no handler for."""
    process = begun(script)
    process.go_on(1.0)
    assert process.signal("TERM") is handled
    assert played(process).ending == ending


def test_what_takes_all_memory_is_killed_for_it_where_there_is_a_limit() -> None:
    """The container ends with 137 and the reason; without a limit it goes on."""
    limited = container()
    assert played(begun("exec tail /dev/zero")).ending is None
    process = type(begun(""))(
        type(limited)(limited.files, {}, limited.program, 0.0, True), ["tail", "/dev/zero"]
    )
    assert played(process).ending == Ending(137, "OOMKilled")


@pytest.mark.parametrize(
    "script",
    [
        "exec gunicorn app",
        "echo $(curl http://x)",
        "nosuch | cat",
        "echo 'open",
        "test -e /app/ready",
        "f() { :; }",
    ],
)
def test_what_is_not_known_is_not_guessed(script: str) -> None:
    """A program, a file of the image or a word that is not known here leaves the process unknown, and without end."""
    process = played(begun(script))
    assert process.is_unknown
    assert process.ending is None


def test_containers_share_a_volume() -> None:
    """What one writes the other finds, and a new life finds it again; what is outside of volumes is gone."""
    volume = Tree()
    first = Files(Tree(), (Mount("/state", volume),))
    played(begun("echo 1 > /state/tried; echo 2 > /tmp/tried", first))
    second = Files(Tree(), (Mount("/data", volume, read_only=True),))
    process = played(begun("cat /data/tried /tmp/tried; touch /data/x; ls /data", second))
    assert said(process)[0] == "1"
    assert said(process)[-1] == "tried"
    assert any("No such file" in line for line in said(process))
    assert any("Read-only file system" in line for line in said(process))


def test_a_probe_runs_next_to_the_process() -> None:
    """It sees the same files, its output is its own, and what it cannot know has no answer."""
    process = begun("sleep 5; touch /tmp/ready; sleep 100")
    process.go_on(1.0)
    words = ["sh", "-c", "echo looking; test -e /tmp/ready"]
    assert execute(process, process.container, words) == Answer(1, "looking\n", 0.0)
    process.go_on(5.0)
    process.go_on(6.0)
    assert execute(process, process.container, words) == Answer(0, "looking\n", 0.0)
    assert execute(process, process.container, ["pg_isready"]) is None
