"""From what a kubeconfig says of certificates to what Python's TLS takes."""

from __future__ import annotations

import ssl

from trunkline.errors import Unreachable
from trunkline.ports import TlsSettings


def context_of(tls: TlsSettings) -> ssl.SSLContext:
    """The context in which servers are verified.

    Raises:
        Unreachable: certificates or keys cannot be read.
    """
    try:
        context = ssl.create_default_context(cadata=tls.ca or None)
        context.set_alpn_protocols(["http/1.1"])
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.certificate:
            # The ssl module reads certificates from files only; the file is readable by us alone and gone at once.
            import tempfile  # noqa: PLC0415 - few servers ask who we are

            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(tls.certificate.rstrip() + "\n" + tls.key)
                file.flush()
                # An empty password instead of a question at the terminal, should the key be encrypted.
                context.load_cert_chain(file.name, password="")
    except (ssl.SSLError, ValueError) as error:
        raise Unreachable(
            f"The configured certificates cannot be read: {getattr(error, 'reason', None) or error}.",
            "Check the certificate authority and the client certificate in the kubeconfig.",
        ) from error
    return context
