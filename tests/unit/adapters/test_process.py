"""Running other programs: real small ones."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import MASK, Redactor
from trunkline.errors import UsageError
from trunkline.ports import Command, Completed

SECRET = "hunter2-hunter2"


@pytest.fixture
def processes() -> SubprocessProcesses:
    return SubprocessProcesses({"PATH": os.environ["PATH"], "KEPT": "1"}, Redactor([SECRET]), grace_s=5.0)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test leaves an open file behind."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def sh(script: str, **settings: object) -> Command:
    return Command(("sh", "-c", script), **settings)  # type: ignore[arg-type]  # keywords of Command


def python(script: str, **settings: object) -> Command:
    return Command((sys.executable, "-c", textwrap.dedent(script)), **settings)  # type: ignore[arg-type]  # as above


def broken_off(processes: SubprocessProcesses, script: str, error: BaseException | None = None) -> int:
    """The process id that the script wrote; the run is broken off when it is read."""
    pids: list[int] = []
    error = error or KeyboardInterrupt()

    def on_line(line: str) -> None:
        pids.append(int(line))
        raise error

    with pytest.raises(type(error)):
        processes.run(sh(script), on_line)
    return pids[0]


def ended(pid: int, within_s: float = 10.0) -> bool:
    """Whether the process ends in time; the kernel tells when."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_s)[0])
    finally:
        os.close(handle)


def test_the_result_holds_code_and_outputs(processes: SubprocessProcesses) -> None:
    """Whatever the exit code, it is returned with both outputs."""
    done = processes.run(sh("echo out; echo err >&2; exit 7"))
    assert (done.code, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_a_program_ended_by_a_signal(processes: SubprocessProcesses) -> None:
    """A program that a signal ended has a code that is not zero."""
    assert processes.run(sh("kill -9 $$")).code == -9


def test_much_output_on_both_streams(processes: SubprocessProcesses) -> None:
    """Neither stream blocks the other, however much is written and read at once."""
    script = """
        import sys
        text = sys.stdin.read()
        for _ in range(300):
            sys.stdout.write("o" * 9999 + "\\n")
            sys.stderr.write("e" * 9999 + "\\n")
        sys.stdout.write(str(len(text)))
    """
    done = processes.run(python(script, stdin="i" * 3_000_000))
    assert (len(done.stdout), len(done.stderr)) == (3_000_007, 3_000_000)
    assert done.stdout.endswith("3000000")


def test_stdin_that_nobody_reads(processes: SubprocessProcesses) -> None:
    """A program that ends without reading its input is no error."""
    assert processes.run(sh("exit 3", stdin="x" * 1_000_000)).code == 3
    assert processes.run(sh("exec <&-; echo done", stdin="x" * 1_000_000)).stdout == "done\n"


def test_stdin_is_closed_unless_given(processes: SubprocessProcesses) -> None:
    """A program that asks for input gets the given text, or an end at once: it never waits for our terminal."""
    assert processes.run(sh("cat")).stdout == ""
    assert processes.run(sh("cat", stdin="")).stdout == ""
    assert processes.run(sh("cat", stdin="pässword")).stdout == "pässword"


def test_lines_come_as_they_are_written(processes: SubprocessProcesses) -> None:
    """Each line of either stream is passed on when it is complete, the last one also without its newline."""
    heard: list[str] = []
    processes.run(sh(r"printf 'one\r\ntw'; printf 'o\n\n' ; printf 'bad \377\n'; printf end"), heard.append)
    assert heard == ["one", "two", "", "bad \ufffd", "end"]


def test_a_line_is_heard_before_the_end(processes: SubprocessProcesses) -> None:
    """A line is told while the program still runs."""
    pids: list[int] = []

    def on_line(line: str) -> None:
        pids.append(int(line))
        os.kill(int(line), signal.SIGTERM)

    assert processes.run(sh("echo $$; exec sleep 1000"), on_line).code == -signal.SIGTERM
    assert len(pids) == 1


def test_a_very_long_line(processes: SubprocessProcesses) -> None:
    """A line of many megabytes arrives whole, and in time that grows with its length only."""
    heard: list[str] = []
    processes.run(python("print('x' * 30_000_000)", timeout_s=20), heard.append)
    assert [len(line) for line in heard] == [30_000_000]


def test_secrets_are_hidden(processes: SubprocessProcesses) -> None:
    """A secret that a program repeats is hidden in its lines and in the result."""
    heard: list[str] = []
    done = processes.run(sh("read x; echo got $x; echo bad $x >&2", stdin=f"{SECRET}\n"), heard.append)
    assert (done.stdout, done.stderr) == (f"got {MASK}\n", f"bad {MASK}\n")
    assert sorted(heard) == [f"bad {MASK}", f"got {MASK}"]


def test_private_output_is_for_us_alone(processes: SubprocessProcesses) -> None:
    """The output of a private command is complete, and no line of it is passed on."""
    heard: list[str] = []
    done = processes.run(sh(f"echo {SECRET}; echo {SECRET} >&2", private=True), heard.append)
    assert (done.stdout, done.stderr, heard) == (f"{SECRET}\n", f"{SECRET}\n", [])


def test_nothing_secret_is_in_the_readable_form() -> None:
    """Neither what goes into a program nor what comes out of it is shown where somebody prints the value."""
    command = sh("cat", stdin=SECRET, environment={"TOKEN": SECRET})
    assert SECRET not in repr(command)
    assert SECRET not in repr(Completed(command, 0, SECRET, SECRET))


def test_the_environment(processes: SubprocessProcesses) -> None:
    """A child gets the given environment, with a command's own variables added and removed."""
    script = 'echo "$KEPT-$ADDED-$HOME"'
    assert processes.run(sh(script)).stdout == "1--\n"
    assert processes.run(sh(script, environment={"ADDED": "2", "KEPT": None})).stdout == "-2-\n"


def test_the_directory(processes: SubprocessProcesses, tmp_path: Path) -> None:
    """A command runs in its directory; one that is not there is said."""
    assert processes.run(sh("pwd", directory=tmp_path)).stdout == f"{tmp_path}\n"
    with pytest.raises(UsageError, match="sh could not be started: No such file or directory"):
        processes.run(sh("pwd", directory=tmp_path / "missing"))


def test_a_missing_program(processes: SubprocessProcesses) -> None:
    """A program that is not there is named, with what to do."""
    assert processes.find("no-such-program") is None
    assert processes.find("sh") is not None
    with pytest.raises(UsageError, match="no-such-program is not installed, or not on PATH") as caught:
        processes.run(Command(("no-such-program", "--password", "x")))
    assert caught.value.hint == "Install no-such-program and try again."


def test_only_the_given_path_counts(tmp_path: Path) -> None:
    """Programs are looked for on the PATH of the given environment, not on that of this process."""
    program = tmp_path / "greet"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    processes = SubprocessProcesses({"PATH": str(tmp_path)}, Redactor())
    assert processes.run(Command(("greet",))).stdout == "hello\n"
    assert processes.find("sh") is None


def test_a_file_that_is_no_program(processes: SubprocessProcesses, tmp_path: Path) -> None:
    """A file that the system cannot execute is said in one sentence."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0\1\2\3")
    broken.chmod(0o755)
    with pytest.raises(UsageError, match=r"broken could not be started: Exec format error"):
        processes.run(Command((str(broken),)))


def test_a_timeout(processes: SubprocessProcesses) -> None:
    """A program that does not end in its time is ended, and the sentence names it and the time."""
    with pytest.raises(TimeoutError, match=r"sleep did not end within 0\.2 s"):
        processes.run(Command(("sleep", "1000"), timeout_s=0.2))


def test_the_whole_group_is_ended(processes: SubprocessProcesses) -> None:
    """A program is ended together with what it started, even what is deaf to polite words."""
    deaf = "(trap '' TERM; sh -c 'echo $PPID'; while :; do sleep 0.1; done) & exec sleep 1000"
    assert ended(broken_off(processes, deaf))


def test_a_deaf_program_is_killed() -> None:
    """A program that ignores the polite signal is killed after the grace."""
    processes = SubprocessProcesses(os.environ, Redactor(), grace_s=0.2)
    assert ended(broken_off(processes, "trap '' TERM; echo $$; while :; do sleep 0.1; done"))


def test_a_program_can_say_goodbye(processes: SubprocessProcesses, tmp_path: Path) -> None:
    """A program that is ended has the time to write down that it was."""
    note = tmp_path / "note"
    broken_off(processes, f"trap 'echo stopped > {note}; exit' TERM; echo $$; while :; do sleep 0.05; done")
    assert note.read_text() == "stopped\n"


def test_the_timeout_counts_for_a_silent_program(processes: SubprocessProcesses) -> None:
    """A program that closed its outputs and goes on is ended when its time is up."""
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        processes.run(sh("exec >&- 2>&-; sleep 1000", timeout_s=0.3))
    assert time.monotonic() - began < 5


def test_a_daemon_left_behind_does_not_hold_us_up(processes: SubprocessProcesses) -> None:
    """A program that has ended is done, though a daemon that it started still holds its outputs."""
    done = processes.run(sh("(sleep 1000) & echo $!; exit 4", timeout_s=60))
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.code == 4


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")])
def test_an_interruption_ends_the_child(processes: SubprocessProcesses, error: BaseException) -> None:
    """Whatever breaks off the waiting, the child does not go on alone."""
    assert ended(broken_off(processes, "echo $$; exec sleep 1000", error))


def test_a_child_leads_its_own_session(processes: SubprocessProcesses) -> None:
    """Ctrl-C at the terminal reaches us and not the child: we decide how it ends."""
    assert processes.run(python("import os; print(os.getsid(0) == os.getpid())")).stdout == "True\n"


def test_a_child_dies_with_a_killed_parent() -> None:
    """A child does not outlive a Trunkline that was killed with -9."""
    script = """
        import os, sys
        from trunkline.adapters.process import SubprocessProcesses
        from trunkline.domain.redaction import Redactor
        from trunkline.ports import Command

        command = Command(("sh", "-c", "echo $$; exec sleep 1000"))
        SubprocessProcesses(os.environ, Redactor()).run(command, lambda line: print(line, flush=True))
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert ended(child)


def test_meanwhile(processes: SubprocessProcesses) -> None:
    """While a program works in silence, the caller may look at something else several times a second."""
    looks: list[float] = []
    processes.run(sh("sleep 1.5"), None, lambda: looks.append(time.monotonic()))
    assert len(looks) >= 4


@pytest.mark.parametrize("script", ["sleep 60", "exec >&- 2>&-; sleep 60"], ids=["silent", "outputs closed"])
def test_meanwhile_can_stop_the_program(processes: SubprocessProcesses, script: str) -> None:
    """What is raised meanwhile ends the program and goes on to the caller, whatever its outputs do."""

    def stop() -> None:
        raise RuntimeError("enough")

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"):
        processes.run(sh(script), None, stop)
    assert time.monotonic() - began < 30


def test_a_running_program_is_read_line_by_line_and_ended(processes: SubprocessProcesses) -> None:
    """Lines of both outputs come one by one and redacted; the program is gone when the context is left."""
    script = f"echo $$; echo {SECRET} >&2; exec sleep 300"
    with processes.running(sh(script, stdin="nothing")) as child:
        lines = {child.line(10.0), child.line(10.0)}
        with pytest.raises(TimeoutError):
            child.line(0.01)
    assert MASK in lines
    [pid] = [int(line) for line in lines if line and line.isdigit()]
    assert ended(pid)


def test_a_running_program_that_ends_says_so(processes: SubprocessProcesses) -> None:
    """After the last line, even one without a newline, there is none."""
    with processes.running(sh("echo one; printf two")) as child:
        assert [child.line(10.0) for _ in range(4)] == ["one", "two", None, None]


def test_a_running_program_is_ended_with_what_it_started(processes: SubprocessProcesses) -> None:
    """An error in the block ends the program's own children, too."""
    pids: list[int] = []

    def broken_off() -> None:
        with processes.running(sh("sleep 300 & echo $!; wait")) as child:
            pids.append(int(child.line(10.0) or 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert ended(pids[0])


def test_a_program_that_is_not_there_does_not_run(processes: SubprocessProcesses) -> None:
    """A program that is not installed is a sentence, whichever way it is started."""
    with (
        pytest.raises(UsageError, match="no-such-program is not installed"),
        processes.running(Command(("no-such-program",))),
    ):
        pass
