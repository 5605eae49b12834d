"""A rehearsal as JUnit XML, the format that CircleCI and others collect test results in."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from trunkline.app.rehearse import Rehearsed
from trunkline.cli.style import printable
from trunkline.domain.rehearsals import Performance
from trunkline.errors import UsageError


def write_junit(path: Path, found: Rehearsed, took_s: float) -> None:
    """Write a test suite with a case for each scenario; its time is the rehearsal's own.

    Raises:
        UsageError: the file cannot be written.
    """
    broken = sum(not seen.as_expected for seen in found.performances)
    suite = ET.Element(
        "testsuite",
        name="trunkline rehearse",
        tests=str(len(found.performances)),
        failures=str(broken),
        errors="0",
        time=f"{took_s:.3f}",
    )
    suite.extend(_case(seen) for seen in found.performances)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(
            f"The JUnit report {path} cannot be written: {error.strerror}.", "Name another file."
        ) from error


def _case(seen: Performance) -> ET.Element:
    case = ET.Element(
        "testcase", classname=f"rehearsal.{seen.struck}", name=seen.scenario.name, time=f"{seen.took_s:.3f}"
    )
    if seen.broken:
        failure = ET.SubElement(case, "failure", message=printable(seen.broken[0]))
        failure.text = "\n".join(map(printable, seen.broken))
    out = ET.SubElement(case, "system-out")
    out.text = "\n".join(
        f"{moment.at_s:8.1f} s {moment.environment} {printable(moment.text)}" for moment in seen.moments
    )
    return case
