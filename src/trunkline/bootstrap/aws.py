"""What AWS's temporary keys are asked for through; imported when the first bucket is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from trunkline.domain.redaction import Redactor

if TYPE_CHECKING:
    from trunkline.adapters.storage.aws import Outside
    from trunkline.ports import Http, Processes, TlsSettings


def ways_to_keys(environ: Mapping[str, str], redactor: Redactor) -> Callable[[], Outside]:
    """The ways to services, hosts and programs that hand out keys, for `FileStorage`."""

    def open_http(tls: TlsSettings) -> Http:
        from trunkline.adapters.http import HttpClient  # noqa: PLC0415 - static keys need none

        return HttpClient(tls)

    def processes() -> Processes:
        from trunkline.adapters.process import SubprocessProcesses  # noqa: PLC0415 - as above

        return SubprocessProcesses(environ, redactor)

    def outside() -> Outside:
        from trunkline.adapters.clock import SystemClock  # noqa: PLC0415 - directories need no keys
        from trunkline.adapters.storage.aws import Outside  # noqa: PLC0415 - as above

        return Outside(open_http, processes, SystemClock())

    return outside
