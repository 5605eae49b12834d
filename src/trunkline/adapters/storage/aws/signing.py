"""AWS's Signature Version 4 for a form that is posted: what STS wants before it lends a role.

Reference: AWS Identity and Access Management User Guide, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from trunkline.adapters.storage.aws.keys import Keys

_ALGORITHM = "AWS4-HMAC-SHA256"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def signed_headers(
    url: str, body: bytes, keys: Keys, region: str, service: str, at: datetime
) -> Mapping[str, str]:
    """The headers of a POST of `body` (a form) to `url`, signed.

    Args:
        url: without a query.
        body: the form, encoded.
        keys: who asks.
        region: that the signature is for.
        service: the same, such as `sts`.
        at: this moment in UTC; a signature is good for some minutes.
    """
    parts = urlsplit(url)
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _FORM, "host": parts.netloc, "x-amz-date": moment}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            "POST",
            quote(parts.path or "/", safe="/-_.~%"),
            "",
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = _hmac(signing_key(keys.secret, moment[:8], region, service), text).hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={keys.identifier}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key that a day's signatures for one service are made with; `day` is YYYYMMDD."""
    key = f"AWS4{secret}".encode()
    for word in (day, region, service, "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
