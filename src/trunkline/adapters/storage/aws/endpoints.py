"""Where AWS's services are: by region, partition and kind (dual-stack, FIPS), unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from trunkline.dataclass import dataclass
from trunkline.errors import UsageError

TRUE = frozenset({"1", "true", "yes"})
_LOOPBACK = frozenset({"localhost", "::1"})
_GLOBAL_STS = "sts.amazonaws.com"
# AWS's documented list: with `legacy`, these regions ask the global endpoint.
_LEGACY_STS = frozenset(
    {
        *("ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1"),
        *("us-east-2", "us-west-1", "us-west-2"),
    }
)


@dataclass(frozen=True, slots=True)
class Service:
    """A service's address, and the region that a signature for it names."""

    url: str
    region: str

    @property
    def host(self) -> str:
        """The host, for people."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses that this environment and profile give; `region` is empty where none is known."""

    environ: Mapping[str, str]
    profile: Mapping[str, str]
    region: str

    def sts(self) -> Service:
        """Where roles are lent."""
        region = self.region or "us-east-1"
        if own := self.given("STS"):
            return Service(own, region)
        legacy = self._said("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints") == "legacy"
        plain = not (self.fips or self.dual_stack)
        if plain and (not self.region or (legacy and self.region in _LEGACY_STS)):
            return Service(f"https://{_GLOBAL_STS}/", "us-east-1")
        return Service(self._url("sts", region), region)

    def sso(self, region: str) -> str:
        """Where a sign-on's role keys are handed out."""
        return (self.given("SSO") or self._url("portal.sso", region)).rstrip("/")

    def oidc(self, region: str) -> str:
        """Where a sign-on is renewed."""
        return (self.given("SSO_OIDC") or self._url("oidc", region)).rstrip("/")

    def s3(self) -> str:
        """S3's address; empty where the client knows it by the region alone."""
        if own := self.given("S3"):
            return own.rstrip("/")
        region = self.region or "us-east-1"
        if not (self.fips or self.dual_stack or region.startswith("cn-")):
            return ""
        kind = f"s3{'-fips' if self.fips else ''}{'.dualstack' if self.dual_stack else ''}"
        return f"https://{kind}.{region}.{_suffix(region)}"

    def given(self, service: str) -> str:
        """The address that somebody wrote down for a service; empty for none.

        Raises:
            UsageError: it is no address, or would get secrets in clear text.
        """
        ignored = self._said("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")
        if ignored.lower() == "true":
            return ""
        found = self.environ.get(f"AWS_ENDPOINT_URL_{service}") or self.environ.get("AWS_ENDPOINT_URL")
        found = found or self.profile.get("endpoint_url", "")
        self._check(found, service.replace("_", " "))
        return found

    def _check(self, url: str, service: str) -> None:
        parts = urlsplit(url)
        if not url or parts.scheme == "https":
            return
        host = parts.hostname or ""
        if parts.scheme != "http" or not host:
            raise UsageError(
                f"The {service} endpoint {url!r} is no http or https URL.",
                f"Correct AWS_ENDPOINT_URL_{service.replace(' ', '_')} or AWS_ENDPOINT_URL.",
            )
        trusted = self.environ.get("AWS_ALLOW_HTTP", "").lower() in TRUE
        if not trusted and host not in _LOOPBACK and not host.startswith("127."):
            what = "values and charts" if service == "S3" else "keys"
            raise UsageError(
                f"The {service} endpoint {host} would get {what} in clear text.",
                "Use its https address, or set AWS_ALLOW_HTTP=true if that network is trusted.",
            )

    @property
    def fips(self) -> bool:
        """Whether endpoints with validated cryptography are wanted."""
        return self._said("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint").lower() == "true"

    @property
    def dual_stack(self) -> bool:
        """Whether endpoints with IPv6 are wanted."""
        return self._said("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint").lower() == "true"

    def _said(self, variable: str, key: str) -> str:
        return self.environ.get(variable) or self.profile.get(key, "")

    def _url(self, name: str, region: str) -> str:
        fips = "-fips" if self.fips and not region.startswith("us-gov-") else ""
        domain = "api.aws" if self.dual_stack else _suffix(region)
        return f"https://{name}{fips}.{region}.{domain}/"


def _suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
