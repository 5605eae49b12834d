"""Mistakes in a project file, and the lines that tell of them."""

from __future__ import annotations

import pytest

from tests.unit.config.files import VALID, mistakes, read, refusal, with_lines

_TABLE = {
    "unknown key": (
        ("service: sample", "service: sample\ntrunc: main"),
        "3:1: there is no key 'trunc'; did you mean 'trunk'?",
    ),
    "unknown key, nothing like it": (
        ("chart:", "measure: {zzz: 1}\nchart:"),
        "5:11: measure: there is no key 'zzz'; known here: prefix, host, role, metric_version, event_version, team, sinks",
    ),
    "unknown key in an environment": (
        ("    needs:", "    need:"),
        "13:5: environments.qa: there is no key 'need'; did you mean 'needs'?",
    ),
    "missing key": (("service: sample\n", ""), "1:1: the key 'service' is missing"),
    "missing key below": (
        ("    namespace: sample-qa\n", ""),
        "11:3: environments.qa: the key 'namespace' is missing",
    ),
    "another format": (
        ("version: 1", "version: 0"),
        "1:10: version: expected 1, the one version of this file's format, found 0",
    ),
    "service name": (
        ("service: sample", "service: Sample"),
        "2:10: service: expected lower-case letters, digits, '-' and '.', at most 53 of them (Helm's limit), found 'Sample'",
    ),
    "service is a number": (
        ("service: sample", "service: 12"),
        "2:10: service: expected lower-case letters, digits, '-' and '.', at most 53 of them (Helm's limit), found 12; put quotes around it",
    ),
    "release too long": (
        ("namespace: sample-qa", "namespace: sample-qa\n    release: " + "r" * 54),
        "13:14: environments.qa.release: expected lower-case letters, digits, '-' and '.', at most 53 of them (Helm's limit), found '"
        + "r" * 54
        + "'",
    ),
    "namespace": (
        ("namespace: sample-qa", "namespace: sample.qa"),
        "12:16: environments.qa.namespace: expected lower-case letters, digits and '-', at most 63 of them, found 'sample.qa'",
    ),
    "trunk is an option": (
        ("service: sample", "service: sample\ntrunk: --all"),
        "3:8: trunk: expected a branch's name, found '--all'",
    ),
    "image": (
        ("quay.io/acme/sample", "quay.io/Acme/sample"),
        "4:15: image.repository: expected an image repository such as quay.io/acme/sample, found 'quay.io/Acme/sample'",
    ),
    "image with tag": (
        ("quay.io/acme/sample", "quay.io/acme/sample:latest"),
        "4:15: image.repository: expected an image repository without tag and digest, which Trunkline adds for each commit, found 'quay.io/acme/sample:latest'",
    ),
    "builder": (
        ("chart:", "  builder: dokcer\nchart:"),
        "5:12: image.builder: expected docker, podman or buildah, found 'dokcer'; did you mean 'docker'?",
    ),
    "build argument's name": (
        ("chart:", "  build_args: {base-image: x}\nchart:"),
        "5:16: image.build_args: expected a name such as BASE_IMAGE: letters, digits and '_', found 'base-image'",
    ),
    "build argument is true": (
        ("chart:", "  build_args: {DEBUG: true}\nchart:"),
        "5:23: image.build_args.DEBUG: expected a text, found true; put quotes around it",
    ),
    "chart from nowhere": (
        ("  path: chart", "  image_keys: {}"),
        "5:1: chart: expected path, or name and repository",
    ),
    "chart from two places": (
        ("  path: chart", "  path: chart\n  name: backend\n  repository: charts"),
        "5:1: chart: expected either path or name and repository, found both",
    ),
    "chart without repository": (
        ("  path: chart", "  name: backend"),
        "5:1: chart: name and repository belong together; 'repository' is missing",
    ),
    "chart's repository": (
        ("  path: chart", "  name: backend\n  repository: ftp://charts"),
        "7:15: chart.repository: expected s3://bucket/prefix, a directory, or an https://, oci:// or git+https:// address, found 'ftp://charts'",
    ),
    "chart's version": (
        ("  path: chart", "  name: backend\n  repository: charts\n  version: 1.4"),
        "8:12: chart.version: expected a version such as 1.4.2 or a range such as ~1.4, found 1.4; put quotes around it",
    ),
    "values file outside": (
        ("base.yaml", "../base.yaml"),
        "10:14: environments.dev.values[0]: expected a file's name below the values' location, without '..', found '../base.yaml'",
    ),
    "values not a list": (
        ("[base.yaml, dev.yaml]", "base.yaml"),
        "10:13: environments.dev.values: expected a list such as [a, b], found 'base.yaml'",
    ),
    "a key without a value": (
        ("[base.yaml, dev.yaml]", ""),
        "10:12: environments.dev.values: expected a list such as [a, b], found nothing",
    ),
    "no environment": (
        (VALID[VALID.index("environments:") :], "environments: {}\n"),
        "7:15: environments: expected at least one environment",
    ),
    "environment without content": (
        ("  qa:\n    namespace: sample-qa\n    needs: [dev]\n", "  qa:\n"),
        "11:6: environments.qa: expected a mapping, found nothing",
    ),
    "environment's name": (
        ("  qa:", "  q a:"),
        "11:3: environments: expected letters, digits, '-', '_' and '.', at most 63 of them, found 'q a'",
    ),
    "duration": (
        ("needs: [dev]", "timeout: 5x"),
        "13:14: environments.qa.timeout: expected a duration such as 30s, 5m or 1h30m, found '5x'",
    ),
    "duration without unit": (
        ("needs: [dev]", "timeout: 300"),
        "13:14: environments.qa.timeout: expected a duration such as 30s, 5m or 1h30m, found 300; give it a unit",
    ),
    "no time at all": (
        ("needs: [dev]", "timeout: 0s"),
        "13:14: environments.qa.timeout: expected a duration longer than nothing, found '0s'",
    ),
    "endless": (
        ("needs: [dev]", "timeout: 25h"),
        "13:14: environments.qa.timeout: expected a duration of at most 24h, found '25h'",
    ),
    "settle and timeout": (
        ("needs: [dev]", "settle: 1m\n    timeout: 60s"),
        "13:13: environments.qa.settle: settle (1m) has to be shorter than timeout (60s)",
    ),
    "timeout within the default settle": (
        ("needs: [dev]", "timeout: 10s"),
        "13:14: environments.qa.timeout: settle (10s) has to be shorter than timeout (10s)",
    ),
    "history": (
        ("needs: [dev]", "history_max: 1"),
        "13:18: environments.qa.history_max: expected a whole number from 2 to 1000000, found 1",
    ),
    "half a revision": (
        ("needs: [dev]", "history_max: 2.5"),
        "13:18: environments.qa.history_max: expected a whole number from 2 to 1000000, found 2.5",
    ),
    "yes is a word": (
        ("needs: [dev]", "approval: yes"),
        "13:15: environments.qa.approval: expected true or false, found 'yes'; did you mean true?",
    ),
    "allowance": (
        ("needs: [dev]", "allow: [dirty, offtrunk]"),
        "13:20: environments.qa.allow[1]: expected dirty or off_trunk, found 'offtrunk'; did you mean 'off_trunk'?",
    ),
    "needs what is not there": (
        ("needs: [dev]", "needs: [de]"),
        "13:13: environments.qa.needs[0]: there is no environment 'de'; did you mean 'dev'?",
    ),
    "needs something strange": (
        ("needs: [dev]", "needs: [production]"),
        "13:13: environments.qa.needs[0]: there is no environment 'production'; known: dev, qa",
    ),
    "needs itself": (
        ("needs: [dev]", "needs: [qa]"),
        "13:13: environments.qa.needs[0]: an environment cannot need itself",
    ),
    "a circle": (
        ("    values:", "    needs: [qa]\n    values:"),
        "10:5: environments.dev.needs: this is a circle: dev needs qa needs dev",
    ),
    "the same release twice": (
        ("namespace: sample-qa", "namespace: sample-dev"),
        "11:3: environments.qa: this is the same release as environments.dev; give it another context, namespace or release",
    ),
    "user without password": (
        ("chart:", "  username: robot\nchart:"),
        "3:1: image: username and password belong together; 'password' is missing or empty",
    ),
    "a key of Datadog": (
        ("chart:", "measure: {api_key: abcdefgh}\nchart:"),
        "5:11: measure: the key 'api_key' does not belong here: a secret never stands in a file; set DD_API_KEY in the environment",
    ),
    "a key below Datadog": (
        ("chart:", "measure: {sinks: {datadog: {app_key: abcdefgh}}}\nchart:"),
        "5:29: measure.sinks.datadog: the key 'app_key' does not belong here: a secret never stands in a file; set DD_API_KEY in the environment",
    ),
    "a secret of the webhook": (
        ("chart:", "measure: {sinks: {webhook: {secret: abcdefgh}}}\nchart:"),
        "5:29: measure.sinks.webhook: the key 'secret' does not belong here: a secret never stands in a file; set TRUNKLINE_WEBHOOK_SECRET in the environment",
    ),
    "a socket without a scheme": (
        ("chart:", "measure: {sinks: {dogstatsd: {address: 'localhost:8125'}}}\nchart:"),
        "5:40: measure.sinks.dogstatsd.address: expected udp://host:port or unix:///path, found 'localhost:8125'",
    ),
    "an address without a port": (
        ("chart:", "measure: {sinks: {graphite: {address: carbon}}}\nchart:"),
        "5:39: measure.sinks.graphite.address: expected a host and a port such as 127.0.0.1:8125, found 'carbon'",
    ),
    "a port that is none": (
        ("chart:", "measure: {sinks: {statsd: {address: '127.0.0.1:70000'}}}\nchart:"),
        "5:37: measure.sinks.statsd.address: expected a host and a port such as 127.0.0.1:8125, found '127.0.0.1:70000'",
    ),
    "metric prefix": (
        ("chart:", "measure: {prefix: 2fast}\nchart:"),
        "5:19: measure.prefix: expected letters, digits and '_', in parts joined by '.', beginning with a letter, found '2fast'",
    ),
    "site with scheme": (
        ("chart:", "measure: {sinks: {datadog: {site: 'https://datadoghq.eu'}}}\nchart:"),
        "5:35: measure.sinks.datadog.site: expected a Datadog site such as datadoghq.eu, found 'https://datadoghq.eu'",
    ),
    "address": (
        ("chart:", "measure: {sinks: {datadog: {url: 'proxy:8080'}}}\nchart:"),
        "5:34: measure.sinks.datadog.url: expected an address such as https://proxy.example.com, found 'proxy:8080'",
    ),
    "datadog is a word": (
        ("chart:", "measure: {sinks: {datadog: on}}\nchart:"),
        "5:28: measure.sinks.datadog: expected true or false, found 'on'; did you mean true?",
    ),
    "unset variable": (
        ("namespace: sample-qa", "namespace: sample-${STAGE}"),
        "12:16: environments.qa.namespace: the variable STAGE is not set; set it, or write a default: ${STAGE:-...}",
    ),
    "no variable": (
        ("namespace: sample-qa", "namespace: sample-${a b}"),
        "12:16: environments.qa.namespace: expected a variable such as ${NAME} or ${NAME:-default}; write $${ for a plain ${",
    ),
    "variable in braces": (
        ("needs: [dev]", "needs: [${STAGE}]"),
        "13:14: this is no YAML: did not find expected ',' or ']' while parsing a flow sequence; inside of [] and {}, put quotes around ${...}",
    ),
    "the build's variable elsewhere": (
        ("namespace: sample-qa", "namespace: sample-${TRUNKLINE_COMMIT}"),
        "12:16: environments.qa.namespace: TRUNKLINE_COMMIT is known in image.build_args and in checks only",
    ),
    "a variable that the build does not know": (
        ("chart:", "  build_args:\n    COMMIT: ${TRUNKLINE_SHA}\nchart:"),
        "6:13: image.build_args.COMMIT: TRUNKLINE_SHA is not known here; what is: TRUNKLINE_COMMIT, TRUNKLINE_SHORT_COMMIT, TRUNKLINE_SERVICE",
    ),
    "the same key twice": (
        ("chart:", "service: other\nchart:"),
        "5:1: the key 'service' stands in line 2 already",
    ),
}


def test_the_file_that_the_table_changes_is_valid() -> None:
    """The file that every case below starts from has no mistake."""
    assert read(VALID).service == "sample"


@pytest.mark.parametrize(("change", "line"), _TABLE.values(), ids=_TABLE.keys())
def test_a_mistake_is_told_with_its_place(change: tuple[str, str], line: str) -> None:
    """One mistake gives one line: file, line, column, key, what was expected and what was found."""
    assert mistakes(with_lines(change)) == [f"trunkline.yaml:{line}"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a\n", "1:1: expected a mapping, found a list"),
        ("just words\n", "1:1: expected a mapping, found 'just words'"),
        ("a: b: c\n", "1:5: this is no YAML: mapping values are not allowed in this context"),
        (
            "a: 'x\n",
            "2:1: this is no YAML: found unexpected end of stream while scanning a quoted scalar",
        ),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here; one is expected"),
        ("ä: é\x07\n", "1:5: the character U+0007 is not allowed in YAML"),
        (b"a: b\nc: \xff\n", "2:4: this is no UTF-8 text"),
        ("a: " + "[" * 40, "1:35: this is nested more than 32 levels deep"),
        ("a:\n" + "- b\n" * 20_001, "19999:3: the file has more than 20000 values"),
        ("#" * (1024 * 1024 + 1), "1:1: the file has more than 1024 KiB"),
    ],
)
def test_what_is_no_project_file_is_told_in_one_line(content: str | bytes, line: str) -> None:
    """A file that cannot be read as a mapping has exactly one mistake, at the place where reading ended."""
    assert [item for item in mistakes(content) if "is missing" not in item] == [f"trunkline.yaml:{line}"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """Mistakes of every sort come together, sorted by their place."""
    text = with_lines(
        ("version: 1", "version: one"),
        ("path: chart", "path: chart\n  name: x"),
        ("needs: [dev]", "needs: [dve]\n    timeout: 5\n    allow: ${UNSET}\n    namespace: again"),
    )
    places = [item.split(": ")[0] for item in mistakes(text)]
    assert places == [
        "trunkline.yaml:1:10",
        "trunkline.yaml:5:1",
        "trunkline.yaml:14:13",
        "trunkline.yaml:15:14",
        "trunkline.yaml:16:12",
        "trunkline.yaml:17:5",
    ]


def test_the_error_counts_and_names_the_file() -> None:
    """The sentence says how many mistakes there are in which file, and the hint how to try again."""
    error = refusal(with_lines(("version: 1", "version: 0"), ("service: sample", "service: S")))
    assert error.message == "trunkline.yaml has 2 mistakes."
    assert "trunkline check" in error.hint


def test_a_longer_circle_is_told_once() -> None:
    """Three environments that need each other are one mistake, at the first of them."""
    text = """\
version: 1
service: sample
image: {repository: quay.io/acme/sample}
chart: {path: chart}
environments:
  a: {namespace: a, needs: [c]}
  b: {namespace: b, needs: [a]}
  c: {namespace: c, needs: [b]}
  d: {namespace: d, needs: [a]}
"""
    assert mistakes(text) == [
        "trunkline.yaml:6:21: environments.a.needs: this is a circle: a needs c needs b needs a"
    ]


def test_too_many_environments_are_refused() -> None:
    """A file with more environments than anybody looks after is refused before plans recurse over them."""
    chain = "".join(f"  e{number}: {{namespace: e{number}, needs: [x]}}\n" for number in range(101))
    text = VALID[: VALID.index("  dev:")] + chain
    assert mistakes(text) == ["trunkline.yaml:8:3: environments: expected at most 100 environments"]


def test_the_same_namespace_in_another_cluster_is_no_double() -> None:
    """Environments may share namespace and release when their contexts differ."""
    text = with_lines(("namespace: sample-qa", "namespace: sample-dev\n    context: qa"))
    assert len(read(text).environments) == 2


def test_long_and_strange_values_are_shown_on_one_short_line() -> None:
    """A value with line breaks, or a very long one, is escaped and cut."""
    [line] = mistakes(with_lines(("service: sample", 'service: "A\\n' + "x" * 500 + '"')))
    assert "found 'A\\nxxx" in line
    assert "\n" not in line
    assert len(line) < 300


def test_a_login_in_an_address_is_masked() -> None:
    """An address that holds a password is shown without it."""
    [line] = mistakes(with_lines(("path: chart", "name: x\n  repository: https://bob:hunter22@charts")))
    assert "hunter22" not in line
    assert "https://*****@charts" in line
