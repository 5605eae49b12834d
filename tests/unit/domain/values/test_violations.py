"""Reading Helm's complaints about values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.values.violations import Violation, read_violations

HELM_4 = """Error: values don't meet the specifications of the schema(s) in the following chart(s):
backend:
- at '': missing property 'team'
- at '/image': validation failed
  - at '/image/tag': got number, want string
- at '/a~1b/~0c/0': got string, want integer
sub:
- at '/size': got number, want string
"""
HELM_3 = """Error: values don't meet the specifications of the schema(s) in the following chart(s):
backend:
- (root): team is required
- image.tag: Invalid type. Expected: string, given: integer
- ports.1: Invalid type. Expected: integer, given: string
sub:
- size: Invalid type. Expected: string, given: integer
"""


def test_helm_4() -> None:
    """Each complaint comes with the way to its value; a summary of others is none."""
    assert read_violations(HELM_4, "backend") == (
        Violation((), "missing property 'team'"),
        Violation(("image", "tag"), "got number, want string"),
        Violation(("a/b", "~c", "0"), "got string, want integer"),
        Violation(("sub", "size"), "got number, want string"),
    )


def test_helm_3() -> None:
    """The older spelling says the same."""
    assert [item.keys for item in read_violations(HELM_3, "backend")] == [
        (), ("image", "tag"), ("ports", "1"), ("sub", "size"),
    ]  # fmt: skip


@given(st.text() | st.text().map(lambda text: HELM_4[:100] + text))
def test_anything_else(text: str) -> None:
    """Whatever else Helm says, reading it ends, and nothing is made up of it."""
    found = read_violations(text, "backend")
    assert "meet the specifications" in text or found == ()
