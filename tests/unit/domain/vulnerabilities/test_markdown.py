"""A judgement in Markdown, read again by another's parser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.unit.domain.vulnerabilities.samples import TODAY, exemption, finding, report, scanned
from tests.unit.domain.vulnerabilities.strategies import looks, policies
from trunkline.domain.vulnerabilities import Exemption, Look, Policy, ScanState, judge
from trunkline.domain.vulnerabilities.markdown import markdown_of

_IMAGE = "quay.io/acme/web:1a2b3c4"


def test_whole() -> None:
    """What decides comes first, then the table, the notes, and folded away exceptions and what does not count."""
    policy = Policy(exceptions=(exemption("CVE-4", 8),))
    found = (
        finding("CVE-1", score=7.5, layer="sha256:" + "a" * 64),
        finding("CVE-2", "unknown", fixed=""),
        finding("CVE-3", "low", package="tar", fixed=""),
        finding("CVE-4", "critical", package="bash"),
    )
    assert markdown_of(judge(policy, scanned(*found), None, TODAY), _IMAGE) == _WHOLE


_WHOLE = """\
### Vulnerabilities: refused

1 vulnerability gates (1 high), 1 more warns: CVE-1 in openssl 3.0.1 (high, fixed in 3.0.2).

Image `quay.io/acme/web:1a2b3c4` · scanned by `quay` · 100 packages

|  | Severity | Vulnerability | Package | Installed | Fixed in | Layer | Why |
| --- | --- | --- | --- | --- | --- | --- | --- |
| **gates** | high 7.5 | [`CVE-1`](https://advisories.example/CVE-1) | `openssl` | `3.0.1` | `3.0.2` | `aaaaaaaaaaaa` | high or worse |
| warns | unknown | [`CVE-2`](https://advisories.example/CVE-2) | `openssl` | `3.0.1` | no fix yet |  | nobody has judged it yet |

- The exception for CVE-4 of ann ends in 8 days, on 2026-12-01.

<details><summary>Let off by exceptions: 1</summary>

| Vulnerability | Package | Until | Owner | Reason |
| --- | --- | --- | --- | --- |
| [`CVE-4`](https://advisories.example/CVE-4) | `bash 3.0.1` | 2026-12-01 | ann | not reachable from outside |

</details>

<details><summary>Not counted: 1</summary>

|  | Severity | Vulnerability | Package | Installed | Fixed in | Layer | Why |
| --- | --- | --- | --- | --- | --- | --- | --- |
| below | low | [`CVE-3`](https://advisories.example/CVE-3) | `tar` | `3.0.1` | no fix yet |  | low is below high |

</details>
"""


def test_nothing_found() -> None:
    """A good image takes three lines."""
    assert markdown_of(judge(Policy(), scanned(), None, TODAY), _IMAGE).split("\n\n") == [
        "### Vulnerabilities: passed",
        "No vulnerability was found in 100 packages.",
        "Image `quay.io/acme/web:1a2b3c4` · scanned by `quay` · 100 packages\n",
    ]


def test_no_result() -> None:
    """Why there is no result is said once."""
    text = markdown_of(judge(Policy(), Look(ScanState.SCANNER_DOWN), None, TODAY), _IMAGE)
    assert text.count("The scanner does not answer: the policy refuses it.") == 1


def test_strangers_words() -> None:
    """Names stay in their cell, and a sentence mentions, refers and links to nobody."""
    sentence = "ask @acme/all, see #12 & www.x.example or https://x.example <b>[now](x)</b> a|b"
    policy = Policy(exceptions=(Exemption("CVE-1", sentence, "@ann", date(2027, 1, 1)),))
    found = (finding("CVE-1"), finding("CVE-2", package="a|b`c\\", version="<script>"))
    text = markdown_of(judge(policy, scanned(*found), None, TODAY), _IMAGE)
    assert "| `a¦b'c\\` | `<script>` |" in text
    for bare in ("@acme", "@ann", "#12", "www.x", "https://x.example", "<b>", "[now]"):
        assert bare not in text.replace("`", "").replace("\\[now\\]", "")


def test_a_link_is_of_the_web() -> None:
    """Only an address of the web becomes a link, and nothing in it ends the link or the cell."""
    links = {
        "javascript:alert(1)": "| `CVE-1` |",
        "https://a@b.example/": "| `CVE-1` |",
        "https://x.example/a|b(c) d>": "| [`CVE-1`](https://x.example/a%7Cb%28c%29%20d%3E) |",
        "": "| `CVE-1` |",
    }
    for link, cell in links.items():
        found = type(finding())("CVE-1", "openssl", "1", finding().severity, link=link)
        assert cell in markdown_of(judge(Policy(), scanned(found), None, TODAY), _IMAGE)


def test_as_long_as_a_comment() -> None:
    """However much is found, a code host takes it as one comment, which says what it leaves out."""
    severities = ("critical", "low")
    found = [
        finding(f"CVE-{number:04}-{'x' * 60}", severity, package="p" * 80, version="v" * 80)
        for severity in severities
        for number in range(500)
    ]
    text = markdown_of(judge(Policy(), scanned(*found), None, TODAY), _IMAGE)
    assert len(text) < 60_000
    assert text.count(" more.\n") == 2


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


@settings(max_examples=150, deadline=None)
@given(policies, looks, st.dates(), st.sampled_from([_IMAGE, "`|<b>", ""]))
def test_any_words(policy: Policy, look: Look, today: date, image: str) -> None:
    """Whatever scanners and people write, the markup is ours alone: our tables, our folds, and links to the web."""
    judgement = judge(policy, look, report(), today)
    text = markdown_of(judgement, image)
    text.encode()
    tokens = list(_tokens(text))
    for token in tokens:
        assert token.type not in {
            "image",
            "html_inline",
            "em_open",
            "s_open",
            "code_block",
            "fence",
            "link_ref",
        }
        if token.type == "html_block":
            assert token.content.startswith(("<details><summary>", "</details>"))
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(("https://", "http://"))
    rows = sum(token.type == "tr_open" for token in tokens)
    tables = sum(token.type == "table_open" for token in tokens)
    assert rows == len(judgement.rows) + tables
    assert sum(token.type == "heading_open" for token in tokens) == 1
