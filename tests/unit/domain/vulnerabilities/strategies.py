"""Policies, findings and looks of any kind, hostile texts among them."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from tests.unit.domain.vulnerabilities.samples import TODAY, day
from trunkline.domain.vulnerabilities import (
    Exemption,
    Finding,
    Look,
    Policy,
    Reaction,
    Report,
    ScanState,
    Severity,
)

_words = st.sampled_from(
    ["", "CVE-1", "cve-1", "CVE-2", "ghsa-x", "openssl", "open*", "[z-a]", "[", "*", "\ud800", "\x00"]
)
_text = _words | st.text(max_size=6)
_dates = st.none() | st.dates() | st.sampled_from([date.min, date.max, TODAY])
findings = st.builds(
    Finding,
    _text,
    _text,
    _text,
    st.sampled_from(Severity),
    st.none() | st.floats(),
    _text,
    _text,
    _text,
    _text,
    _dates,
    st.lists(_text, max_size=2).map(tuple),
    _text,
)
exemptions = st.builds(
    Exemption, _text, _text, _text, st.dates() | st.sampled_from([TODAY, day(-1), day(14)]), _text
)
policies = st.builds(
    Policy,
    st.none() | st.sampled_from(Severity),
    st.booleans(),
    st.integers(0, 4000),
    st.lists(_text, max_size=2).map(tuple),
    st.lists(exemptions, max_size=3).map(tuple),
    st.sampled_from(Reaction),
    st.dictionaries(st.sampled_from(ScanState), st.sampled_from(Reaction), max_size=2),
    st.sampled_from(Reaction),
    st.sampled_from(Reaction),
    st.booleans(),
)
reports = st.builds(
    Report, _text, _text, st.lists(findings, max_size=6).map(tuple), st.none() | st.integers(0, 3)
)
looks = st.builds(Look, st.sampled_from(ScanState), st.none() | reports, _text)
baselines = st.none() | reports
