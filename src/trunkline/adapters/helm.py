"""Helm 3 and Helm 4 through their command line, never with `--wait`: the rollout is watched by us.

Only flags that both majors share are used. Values layers go to Helm verbatim, because no YAML parser types
them as Helm does; our own pins go last, by stdin.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from trunkline.domain.releases import ClusterTarget, History, ReleaseTarget, Revision
from trunkline.errors import DeploymentFailed, Locked, TrunklineError, Unreachable
from trunkline.expressions import expression
from trunkline.ports import Applied, Command, Completed, Meanwhile, OnLine, Processes, UpgradeRequest

_UNREACHABLE = expression(
    r"cluster unreachable|connection refused|no such host|i/o timeout|TLS handshake|Unauthorized|x509:"
    r"|invalid configuration|context .* does not exist|connection reset|EOF$|getting credentials",
    re.IGNORECASE,
)
_BUSY = "another operation (install/upgrade/rollback) is in progress"
# The API answered, and a webhook of the cluster did not: what Helm began has to be taken back.
_WEBHOOK = expression(r"failed calling webhook|admission webhook", re.IGNORECASE)
_NOT_FOUND = "release: not found"
# What Helm 3 and 4 print of a chart without tests.
_NO_TESTS = expression(r"^TEST SUITE:\s+None$", re.MULTILINE)
# What is wrong with metadata, or must not change, stays so however it is applied.
_LEFT_OVER = expression(
    r"is invalid: (?!\[?metadata\b)(?!.*immutable)|conflicts? with ", re.IGNORECASE | re.DOTALL
)
_MERGING = "--server-side=false"
_NO_SUCH_FLAG = "unknown flag: --server-side"
_NOTHING_STANDS = "has no deployed releases"
_MORE_THAN_HELM_KEEPS = 1_000_000
_QUERY_S = 60.0
# What an API server says that is there and cannot answer now.
_BUSY_MOMENT = expression(
    r"Internal error occurred|too many requests|currently unable to handle the request|etcdserver:|ServiceUnavailable",
    re.IGNORECASE,
)
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0)
# Helm bounds itself by --timeout; this much later something is wrong with Helm.
_SLACK_S = 30.0


class HelmCommand:
    """Implements the port `Helm` with the `helm` on PATH."""

    def __init__(
        self, cluster: ClusterTarget, processes: Processes, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._cluster = cluster
        self._processes = processes
        self._pause = pause

    def version(self) -> str:
        """See the port."""
        shown = self._processes.run(
            Command(("helm", "version", "--template", "{{.Version}}"), timeout_s=_QUERY_S)
        )
        return shown.stdout.strip()

    def history(self, target: ReleaseTarget) -> History:
        """See the port."""
        done = self._ask(
            target, ("history", target.name, "--max", str(_MORE_THAN_HELM_KEEPS), "--output", "json")
        )
        if done.code != 0:
            if _NOT_FOUND in done.stderr:
                return History()
            raise self._error(target, "history", done)
        return History(tuple(sorted(map(_revision, json.loads(done.stdout)), key=lambda item: item.number)))

    def upgrade(
        self, request: UpgradeRequest, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> Applied:
        """See the port."""
        target = request.target
        # Without any values of its own, an upgrade would take those of the revision before.
        arguments = ["upgrade", target.name, str(request.chart), "--install", "--reset-values"]
        arguments += ["--history-max", str(request.history_max), "--description", request.description]
        arguments += ["--timeout", f"{request.timeout_s:.0f}s", "--output", "json"]
        if request.create_namespace:
            arguments.append("--create-namespace")
        done = self._apply(
            target,
            (*arguments, *_values(request)),
            request.timeout_s + _SLACK_S,
            meanwhile,
            stdin=json.dumps(request.pins),
        )
        for line in done.stderr.splitlines():
            if done.code == 0 and line.strip():
                on_line(line)
        if done.code != 0:
            raise self._error(target, "upgrade", done)
        return self._told(target, done.stdout)

    def _told(self, target: ReleaseTarget, stdout: str) -> Applied:
        """What Helm says that it applied; where its JSON is not to be read, what its record says."""
        try:
            release = json.loads(stdout[stdout.index("{") :])
            return Applied(int(release["version"]), parse_manifest(release.get("manifest", "")))
        except (ValueError, KeyError, TypeError):
            latest = self.history(target).latest
            return self.applied(target, latest.number if latest else 1)

    def preview(self, request: UpgradeRequest) -> tuple[Mapping[str, Any], ...]:
        """See the port."""
        target, stdin = request.target, json.dumps(request.pins)
        name, chart, values = target.name, str(request.chart), _values(request)
        dry = ("upgrade", name, chart, "--install", "--reset-values", "--dry-run=server", "--output", "json")
        done = self._helm(target, (*dry, *values), stdin=stdin)
        if done.code == 0:
            return parse_manifest(json.loads(done.stdout).get("manifest", ""))
        said = _complaint(done)
        if _BUSY not in said and _NOTHING_STANDS not in said:
            raise self._error(target, "upgrade --dry-run", done)
        # A dead client's revision stops Helm's dry run; a template asks for no history.
        plain = ("template", name, chart, "--dry-run=server", "--no-hooks", "--is-upgrade")
        done = self._helm(target, (*plain, *values), stdin=stdin)
        if done.code != 0:
            raise self._error(target, "template", done)
        return parse_manifest(done.stdout)

    def hooks(self, target: ReleaseTarget) -> tuple[Mapping[str, Any], ...]:
        """See the port."""
        done = self._ask(target, ("get", "hooks", target.name))
        if done.code != 0:
            if _NOT_FOUND in done.stderr:
                return ()
            raise self._error(target, "get hooks", done)
        return parse_manifest(done.stdout)

    def test(
        self, target: ReleaseTarget, timeout_s: float, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> None:
        """See the port."""
        arguments = ("test", target.name, "--logs", "--timeout", f"{timeout_s:.0f}s")
        # Helm bounds each test by its --timeout, and we all of them.
        command = self._command(target, arguments, timeout_s=timeout_s + _SLACK_S)
        try:
            done = self._processes.run(command, on_line, meanwhile)
        except TimeoutError as error:
            raise DeploymentFailed(
                f"helm test of {target} did not end within {timeout_s:.0f} s.", "Raise the check's `timeout`."
            ) from error
        if done.code != 0:
            raise self._error(target, "test", done)
        if _NO_TESTS.search(done.stdout):
            raise DeploymentFailed(
                f"The chart of {target} has no tests, so that `helm test` says nothing about it.",
                "Give the chart a pod with the annotation helm.sh/hook: test, or take the check out.",
            )

    def rollback(
        self,
        target: ReleaseTarget,
        revision: int,
        history_max: int,
        timeout_s: float,
        meanwhile: Meanwhile | None = None,
    ) -> Applied:
        """See the port."""
        arguments = ("rollback", target.name, str(revision), "--history-max", str(history_max))
        bounded = (*arguments, "--timeout", f"{timeout_s:.0f}s")
        longest_s = timeout_s + _SLACK_S
        # Helm 4 must merge here, too (see `_apply`), and at the first try: a second one would be compared with the
        # first, whose manifest is the same.
        done = self._helm(target, (*bounded, _MERGING), timeout_s=longest_s, meanwhile=meanwhile)
        if _NO_SUCH_FLAG in done.stderr:
            done = self._helm(target, bounded, timeout_s=longest_s, meanwhile=meanwhile)
        if done.code != 0:
            raise self._error(target, "rollback", done)
        latest = self.history(target).latest
        return self.applied(target, latest.number if latest else revision)

    def uninstall(self, target: ReleaseTarget, timeout_s: float) -> None:
        """See the port."""
        done = self._helm(
            target,
            ("uninstall", target.name, "--timeout", f"{timeout_s:.0f}s"),
            timeout_s=timeout_s + _SLACK_S,
        )
        if done.code != 0 and _NOT_FOUND not in done.stderr:
            raise self._error(target, "uninstall", done)

    def applied(self, target: ReleaseTarget, revision: int) -> Applied:
        """See the port."""
        done = self._ask(target, ("get", "manifest", target.name, "--revision", str(revision)))
        if done.code != 0:
            raise self._error(target, "get manifest", done)
        return Applied(revision, parse_manifest(done.stdout))

    def _apply(
        self,
        target: ReleaseTarget,
        arguments: tuple[str, ...],
        timeout_s: float,
        meanwhile: Meanwhile | None,
        stdin: str,
    ) -> Completed:
        """Apply as Helm prefers; where the API refuses what Helm 4's server-side apply leaves over, by a merge.

        Server-side apply takes back only the fields that Helm itself had set: the API server's defaults beside them
        stay, and a probe without a handler or a strategy with another's settings is refused.
        """
        done = self._helm(target, arguments, stdin=stdin, timeout_s=timeout_s, meanwhile=meanwhile)
        if done.code == 0 or not _LEFT_OVER.search(done.stderr):
            return done
        again = self._helm(
            target, (*arguments, _MERGING), stdin=stdin, timeout_s=timeout_s, meanwhile=meanwhile
        )
        # Helm 3 merges anyway, and knows no such flag.
        return done if _NO_SUCH_FLAG in again.stderr else again

    def _ask(self, target: ReleaseTarget, arguments: tuple[str, ...]) -> Completed:
        """A question, again while the API answers with trouble of its own: an undo must not fail for a busy moment."""
        done = self._helm(target, arguments)
        for seconds in _PAUSES_S:
            if done.code == 0 or not _BUSY_MOMENT.search(done.stderr):
                break
            self._pause(seconds)
            done = self._helm(target, arguments)
        return done

    def _helm(
        self,
        target: ReleaseTarget,
        arguments: tuple[str, ...] | list[str],
        *,
        stdin: str | None = None,
        timeout_s: float = _QUERY_S,
        meanwhile: Meanwhile | None = None,
    ) -> Completed:
        command = self._command(target, arguments, stdin=stdin, timeout_s=timeout_s)
        try:
            return self._processes.run(command, meanwhile=meanwhile)
        except TimeoutError as error:
            raise Unreachable(
                f"helm {arguments[0]} of {target} did not end within {timeout_s:.0f} s.",
                "Check that the cluster answers (kubectl get nodes), then run the command again.",
            ) from error

    def _command(
        self,
        target: ReleaseTarget,
        arguments: tuple[str, ...] | list[str],
        *,
        stdin: str | None = None,
        timeout_s: float,
    ) -> Command:
        argv = ["helm", *arguments, "--namespace", target.namespace]
        if self._cluster.context:
            argv += ["--kube-context", self._cluster.context]
        environment = {"KUBECONFIG": self._cluster.kubeconfig} if self._cluster.kubeconfig else {}
        return Command(tuple(argv), environment, stdin=stdin, timeout_s=timeout_s)

    def _error(self, target: ReleaseTarget, deed: str, done: Completed) -> TrunklineError:
        said = _complaint(done)
        if _BUSY in said:
            return Locked(
                f"Another Helm client is at work on {target}.",
                "Wait until it is done; if its process is dead, run `trunkline release` again.",
            )
        if _UNREACHABLE.search(said) and not _WEBHOOK.search(said):
            return Unreachable(
                f"helm {deed} of {target} could not reach the cluster: {said}",
                "Check the kubeconfig context and its credentials with `trunkline check --online`.",
            )
        return DeploymentFailed(f"helm {deed} of {target} failed: {said}")


def _values(request: UpgradeRequest) -> list[str]:
    """The layers in order, and the pins last, which come by stdin."""
    return [word for path in (*map(str, request.values), "-") for word in ("--values", path)]


def parse_manifest(manifest: str) -> tuple[Mapping[str, Any], ...]:
    """The objects of a rendered manifest (several YAML documents); empty documents are left out."""
    import yaml  # noqa: PLC0415 - needed by deployments only

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = yaml.load_all(manifest, Loader=loader)
    return tuple(document for document in documents if isinstance(document, dict))


def _revision(entry: Mapping[str, Any]) -> Revision:
    return Revision(
        number=int(entry["revision"]),
        status=str(entry["status"]),
        updated_at=_moment(str(entry["updated"])),
        chart=str(entry.get("chart", "")),
        description=str(entry.get("description", "")),
    )


def _moment(text: str) -> datetime:
    """Helm's RFC 3339 time; its nanoseconds are more than Python reads."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone(UTC)


def _complaint(done: Completed) -> str:
    """Helm's own sentence, without the warnings before it."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    start = next((place for place, line in enumerate(lines) if line.startswith("Error:")), None)
    said = " ".join(lines[start:] if start is not None else lines[-5:]).removeprefix("Error: ")
    return said or f"exit code {done.code} and no message"
