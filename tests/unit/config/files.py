"""A valid project file, and how tests read one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from trunkline.config.load import read_project
from trunkline.config.project import Project
from trunkline.errors import ConfigurationError

ROOT = Path("/srv/sample")

VALID = """\
version: 1
service: sample
image:
  repository: quay.io/acme/sample
chart:
  path: chart
environments:
  dev:
    namespace: sample-dev
    values: [base.yaml, dev.yaml]
  qa:
    namespace: sample-qa
    needs: [dev]
"""

# Uses every key, with ENVIRON.
FULL = """\
version: 1
service: sample
trunk: release/1
test: |
  python -m pytest -q
  python -m build
image:
  repository: ${REGISTRY}/acme/sample
  dockerfile: docker/Dockerfile
  context: ./app
  target: runtime
  build_args:
    COMMIT: ${TRUNKLINE_COMMIT}
    VERSION: 1.10
    SHELL_STYLE: $${HOME}
  builder: podman
  username: ${QUAY_USERNAME}
  password: ${QUAY_PASSWORD}
chart:
  name: backend
  repository: s3://acme-charts/stable
  version: 1.4.2
  image_keys: {repository: app.image, tag: "", digest: null}
values:
  location: ~/values
environments:
  dev:
    context: ${DEV_CONTEXT:-}
    kubeconfig: kube/dev.yaml
    namespace: sample-dev
    values: [base.yaml, team/dev.yaml]
    allow: [dirty, off_trunk]
    create_namespace: false
    tag: development
  qa:
    context: qa
    kubeconfig: ~/.kube/qa.yaml
    namespace: sample-qa
    release: sample.qa
    needs: [dev]
    approval: ${ASK:-true}
    timeout: 1h30m
    settle: 500ms
    history_max: ${KEEP}
    soak: 1m30s
    on_failure: ${REACTION:-keep}
    checks:
      - name: the right version answers
        http: {service: sample, port: http, path: "/version?of=${TRUNKLINE_SHORT_COMMIT}"}
        expect:
          status: [200, 203]
          contains: ${TRUNKLINE_SERVICE}
          json: {build.commit: "${TRUNKLINE_COMMIT}", major: 1.10}
        timeout: 30s
      - http: {url: "https://qa.example.com/healthz?deep=1"}
      - command: ./smoke.sh "${TRUNKLINE_IMAGE}" ${HOME}
      - helm_test: true
        timeout: 2m
measure:
  prefix: acme.ci
  host: builder
  role: backend
  metric_version: 2
  event_version: "3"
  team: payments
  sinks:
    datadog:
      site: datadoghq.eu
      url: http://127.0.0.1:8126
      dora: true
      ci: true
    dogstatsd: {address: "unix:///run/dsd.socket", timestamps: false}
    statsd: {address: "127.0.0.1:8125", tags: true}
    graphite: {address: "127.0.0.1:2003", tags: false, url: "http://127.0.0.1:8080"}
    pushgateway: {url: "http://127.0.0.1:9091", username: ci, password: "${PUSH_PASSWORD}"}
    otlp: {endpoint: "http://127.0.0.1:4318/", logs: false}
    webhook: {url: "http://127.0.0.1:8000/hook"}
    notify: {about: failures, environments: [prod]}
"""
ENVIRON = {
    "REGISTRY": "quay.io",
    "QUAY_USERNAME": "acme+robot",
    "QUAY_PASSWORD": "pa: ss'w\"ord",
    "KEEP": "5",
    "PUSH_PASSWORD": "p4ss w0rd",
    "HOME": "/home/ann",
}


def read(text: str, environ: Mapping[str, str] | None = None) -> Project:
    return read_project(text.encode(), "trunkline.yaml", ROOT, environ or {})


def refusal(text: str | bytes, environ: Mapping[str, str] | None = None) -> ConfigurationError:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigurationError) as caught:
        read_project(content, "trunkline.yaml", ROOT, environ or {})
    return caught.value


def mistakes(text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    return list(refusal(text, environ).mistakes)


def with_lines(*changes: tuple[str, str]) -> str:
    """The valid file with some of its text replaced; each must be there."""
    text = VALID
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text
