"""Composes what the `charts` commands need: they speak of a repository, and of no project's cluster or ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.adapters.storage import FileStorage, Reach
from trunkline.adapters.storage.cache import ChartCache, cache_directory
from trunkline.bootstrap.aws import ways_to_keys
from trunkline.domain.redaction import Redactor

if TYPE_CHECKING:
    from trunkline.app.charts import Repository
    from trunkline.ports import Artifacts, Http, Processes, Storage


def chart_repository(
    location: str, environ: Mapping[str, str], redactor: Redactor, *, relative: bool = False
) -> Repository:
    """The chart repository at `location`, for the use cases of `app.charts`.

    Raises:
        UsageError: the address is none of a directory or of S3.
    """
    from trunkline.adapters.clock import SystemClock  # noqa: PLC0415 - pulling needs none of them
    from trunkline.app.charts import Repository  # noqa: PLC0415 - as above

    files = FileStorage(environ, redactor, outside=ways_to_keys(environ, redactor))
    return Repository(files.repository(location), SystemClock(), relative)


def chart_source(environ: Mapping[str, str], redactor: Redactor) -> Storage:
    """Where charts are pulled from."""

    @cache
    def http() -> Http:
        from trunkline.adapters.http import HttpClient  # noqa: PLC0415 - only for what is on the web

        return HttpClient()

    @cache
    def processes() -> Processes:
        from trunkline.adapters.process import SubprocessProcesses  # noqa: PLC0415 - only for git and signatures

        return SubprocessProcesses(environ, redactor)

    def artifacts() -> Artifacts:
        from trunkline.adapters.registry import OciRegistry  # noqa: PLC0415 - only for oci://

        return OciRegistry(http(), environ, Path.home(), redactor, processes())

    reach = Reach(http, artifacts, processes)
    return FileStorage(environ, redactor, reach=reach, outside=ways_to_keys(environ, redactor))


def chart_cache(environ: Mapping[str, str]) -> ChartCache:
    """What was fetched before."""
    return ChartCache(cache_directory(environ, Path.home()))


def redactor_of(environ: Mapping[str, str] = os.environ) -> Redactor:
    """What hides the secrets of this process."""
    return Redactor.from_environment(environ)
