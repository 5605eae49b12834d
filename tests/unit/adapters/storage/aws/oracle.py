"""Which source botocore takes in each of many environments; run as a program, since it reads its own process's.

In: JSON, a list of {"home": ..., "environ": {...}}. Out: JSON, for each the provider's name and its static keys, or
"error", or "". Containers are believed rather than asked, instances are not asked.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError

_STATIC = {"env", "shared-credentials-file", "config-file", "custom-process"}


def main() -> None:
    path = os.environ["PATH"]
    answers = []
    for case in json.load(sys.stdin):
        os.environ.clear()
        os.environ.update(case["environ"], HOME=case["home"], PATH=path)
        try:
            answers.append(taken())
        except BotoCoreError:
            answers.append(["error"])
    json.dump(answers, sys.stdout)


def taken() -> list[Any]:
    session = botocore.session.Session()
    # Any client begins with the region, and so with the profile.
    session.get_config_variable("region")
    for provider in session.get_component("credential_provider").providers:
        if provider.METHOD in {"container-role", "iam-role"}:
            if provider.METHOD == "container-role" and {provider.ENV_VAR, provider.ENV_VAR_FULL} & set(
                os.environ
            ):
                return [provider.METHOD]
            continue
        if found := provider.load():
            if provider.METHOD not in _STATIC:
                # Looking at their keys would ask for them.
                return [provider.METHOD]
            return [provider.METHOD, found.access_key, found.secret_key, found.token or ""]
    return [""]


main()
