"""What the scanners write, cut down to what matters, in the shapes of their own schemas."""

from __future__ import annotations

from typing import Any

MANIFEST = "sha256:" + "1" * 64
IMAGE = "sha256:" + "2" * 64
LAYERS = ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
WORST_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def grype() -> dict[str, Any]:
    return {
        "matches": [
            {
                "vulnerability": {
                    "id": "GHSA-jfh8-c2jp-5v3q",
                    "dataSource": "https://github.example/advisories/GHSA-jfh8-c2jp-5v3q",
                    "namespace": "github:language:java",
                    "severity": "High",
                    "urls": [],
                    "description": "Remote code execution.",
                    "cvss": [
                        {"type": "Primary", "version": "2.0", "vector": "AV:N", "metrics": {"baseScore": 9.3}},
                        {"type": "Primary", "version": "3.1", "vector": WORST_VECTOR, "metrics": {"baseScore": 8.1}},
                    ],
                    "epss": [{"cve": "CVE-2021-44228", "epss": 0.97, "percentile": 0.99, "date": "2026-11-01"}],
                    "fix": {"versions": ["2.15.0", "2.12.2"], "state": "fixed"},
                    "advisories": [],
                    "risk": 97.1,
                },
                "relatedVulnerabilities": [
                    {"id": "CVE-2021-44228", "dataSource": "https://nvd.example/CVE-2021-44228", "severity": "Critical",
                     "cvss": [{"version": "3.1", "vector": "", "metrics": {"baseScore": 10}}]},
                ],
                "matchDetails": [{"type": "exact-direct-match", "matcher": "java-matcher"}],
                "artifact": {
                    "id": "a246fd2054833c93",
                    "name": "log4j-core",
                    "version": "2.14.1",
                    "type": "java-archive",
                    "locations": [
                        {"path": "/app/log4j.jar", "layerID": LAYERS[0], "annotations": {"evidence": "primary"}},
                        {"path": "/srv/log4j.jar", "layerID": LAYERS[1], "annotations": {"evidence": "primary"}},
                        {"path": "/srv/LICENSE", "layerID": "sha256:c", "annotations": {"evidence": "supporting"}},
                    ],
                    "purl": "pkg:maven/log4j-core@2.14.1",
                },
            },
            {
                "vulnerability": {
                    "id": "CVE-2026-0002",
                    "dataSource": "",
                    "severity": "Negligible",
                    "urls": ["https://tracker.example/CVE-2026-0002"],
                    "cvss": [],
                    "fix": {"versions": ["9.9"], "state": "wont-fix"},
                },
                "relatedVulnerabilities": [
                    {"id": "CVE-2026-0002", "cvss": [{"version": "3.1", "metrics": {"baseScore": 5.5}}], "description": "Slow."},
                ],
                "artifact": {"name": "bash", "version": "5.2", "locations": []},
            },
        ],
        "ignoredMatches": [{"vulnerability": {"id": "CVE-2026-0003"}, "artifact": {"name": "tar"}}],
        "source": {
            "type": "image",
            "target": {
                "userInput": "quay.io/acme/web:1a2b3c4",
                "imageID": IMAGE,
                "manifestDigest": "sha256:local",
                "repoDigests": [f"quay.io/acme/web@{MANIFEST}"],
            },
        },
        "descriptor": {"name": "grype", "version": "0.100.0", "timestamp": "2026-11-23T09:30:00.123456789+01:00"},
    }  # fmt: skip


def trivy() -> dict[str, Any]:
    return {
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-23T08:30:00.000000005Z",
        "ArtifactName": "quay.io/acme/web:1a2b3c4",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "alpine", "Name": "3.20"},
            "ImageID": IMAGE,
            "DiffIDs": [LAYERS[1]],
            "RepoTags": ["quay.io/acme/web:1a2b3c4"],
            "RepoDigests": [f"quay.io/acme/web@{MANIFEST}"],
        },
        "Results": [
            {
                "Target": "quay.io/acme/web:1a2b3c4 (alpine 3.20)",
                "Class": "os-pkgs",
                "Type": "alpine",
                "Packages": [{"ID": "libssl3@3.0.1", "Name": "libssl3"}, {"ID": "musl@1.2", "Name": "musl"}],
                "Vulnerabilities": [
                    {
                        "VulnerabilityID": "CVE-2026-0001",
                        "VendorIDs": ["GHSA-aaaa-bbbb-cccc", "DSA-5555-1"],
                        "PkgID": "libssl3@3.0.1-r0",
                        "PkgName": "libssl3",
                        "InstalledVersion": "3.0.1-r0",
                        "FixedVersion": "3.0.2-r0",
                        "Status": "fixed",
                        "Layer": {"Digest": LAYERS[0], "DiffID": LAYERS[1]},
                        "SeveritySource": "nvd",
                        "PrimaryURL": "https://avd.example/nvd/cve-2026-0001",
                        "DataSource": {"ID": "alpine", "Name": "Alpine Secdb"},
                        "Title": "openssl: a title",
                        "Description": "A description.",
                        "Severity": "MEDIUM",
                        "CVSS": {
                            "nvd": {"V2Vector": "AV:N", "V3Vector": WORST_VECTOR, "V2Score": 7.8, "V3Score": 5.3},
                            "redhat": {"V3Vector": WORST_VECTOR, "V3Score": 9.8},
                        },
                        "PublishedDate": "2026-09-10T17:15:00Z",
                        "LastModifiedDate": "2026-10-20T22:15:00Z",
                    }
                ],
            },
            {"Target": "app/package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Packages": [{"Name": "left-pad"}]},
            {"Target": "/app/key.pem", "Class": "secret"},
        ],
    }  # fmt: skip


def osv() -> dict[str, Any]:
    return {
        "results": [
            {
                "source": {"path": "/work/sbom.json", "type": "sbom"},
                "packages": [
                    {
                        "package": {
                            "name": "openssl", "os_package_name": "libssl3", "version": "3.0.1-1",
                            "ecosystem": "Debian:12", "image_origin_details": {"index": 1},
                        },
                        "vulnerabilities": [
                            {
                                "schema_version": "1.7.0",
                                "id": "DEBIAN-CVE-2026-0001",
                                "published": "2026-09-10T17:15:00Z",
                                "modified": "2026-10-01T00:00:00Z",
                                "upstream": ["CVE-2026-0001"],
                                "summary": "A summary",
                                "details": "Many details.",
                                "severity": [
                                    {"type": "CVSS_V3", "score": WORST_VECTOR},
                                    {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"},
                                ],
                                "affected": [
                                    {
                                        "package": {"ecosystem": "Debian:11", "name": "openssl"},
                                        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1-9"}]}],
                                    },
                                    {
                                        "package": {"ecosystem": "Debian:12", "name": "openssl"},
                                        "ranges": [
                                            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.2-1"}]},
                                            {"type": "GIT", "repo": "https://git.example/openssl", "events": [{"fixed": "abcdef"}]},
                                        ],
                                        "ecosystem_specific": {"urgency": "low"},
                                    },
                                ],
                            }
                        ],
                        "groups": [{"ids": ["DEBIAN-CVE-2026-0001"], "aliases": ["CVE-2026-0001"], "max_severity": "9.8"}],
                    },
                    {
                        "package": {"name": "requests", "version": "2.0", "ecosystem": "PyPI"},
                        "vulnerabilities": [
                            {
                                "id": "GHSA-x84v-xcm2-53pg",
                                "aliases": ["CVE-2018-18074", "PYSEC-2018-28"],
                                "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-522"]},
                                "affected": [
                                    {"package": {"ecosystem": "PyPI", "name": "requests"},
                                     "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "2.20.0"}]}]},
                                ],
                            },
                            {
                                "id": "PYSEC-2018-28",
                                "aliases": ["CVE-2018-18074"],
                                "affected": [
                                    {"package": {"ecosystem": "PyPI", "name": "requests"},
                                     "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "2.20.0"}, {"fixed": "2.19.2"}]}]},
                                ],
                            },
                            {"id": "PYSEC-2099-1", "withdrawn": "2026-01-01T00:00:00Z"},
                            {"id": "PYSEC-2099-2"},
                        ],
                        "groups": [
                            {"ids": ["GHSA-x84v-xcm2-53pg", "PYSEC-2018-28"], "aliases": ["CVE-2018-18074"], "max_severity": "7.5"},
                        ],
                    },
                ],
            }
        ],
        "image_metadata": {
            "os": "Debian GNU/Linux 12 (bookworm)",
            "layer_metadata": [{"diff_id": LAYERS[0], "command": "ADD"}, {"diff_id": LAYERS[1], "command": "RUN"}],
        },
        "experimental_config": {"licenses": {"summary": False, "allowlist": None}},
    }  # fmt: skip


def syft() -> dict[str, Any]:
    primary = {"evidence": "primary"}
    return {
        "artifacts": [
            {"name": "requests", "version": "2.0", "type": "python",
             "locations": [{"path": "/a/METADATA", "layerID": LAYERS[0], "annotations": primary},
                           {"path": "/b/METADATA", "layerID": LAYERS[1], "annotations": primary}]},
            {"name": "bash", "version": "5.2", "type": "deb",
             "locations": [{"path": "/var/lib/dpkg/status", "layerID": LAYERS[0], "annotations": primary}]},
        ],
        "artifactRelationships": [],
        "source": {
            "id": MANIFEST.partition(":")[2],
            "name": "quay.io/acme/web",
            "type": "image",
            "metadata": {"userInput": "registry:quay.io/acme/web", "imageID": IMAGE, "manifestDigest": MANIFEST, "repoDigests": []},
        },
        "descriptor": {"name": "syft", "version": "1.18.1"},
        "schema": {"version": "16.0.18"},
    }  # fmt: skip
