"""Serves a Quay with one image in `acme/api`, whose scan goes as a scenario tells, until it is interrupted."""

from __future__ import annotations

import argparse
import secrets
import signal

from tests.fakes.quay import Quay
from tests.fakes.quay.scenarios_read import names, scenario


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.quay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any when left out")
    parser.add_argument("--limited", action="store_true", help="limit /api/ to 5 requests a second")
    parser.add_argument("--scenario", default="scanned", help=f"a file, or one of {', '.join(names())}")
    options = parser.parse_args()
    password, script = secrets.token_hex(16), scenario(options.scenario)
    with Quay(options.port, limited=options.limited) as quay:
        quay.robot("acme+ci", password, acme__api="write")
        quay.repository("acme/api")
        digest = (
            quay.index("acme/api", "one", *script.platforms, attested=True)
            if script.platforms
            else quay.image("acme/api", "one")
        )
        quay.play("acme/api", digest, script)
        print(f"{quay.host}/acme/api:one@{digest}")  # noqa: T201 - this is its output
        print(f"acme+ci {password}", flush=True)  # noqa: T201 - this is its output
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
