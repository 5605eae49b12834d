"""Whether a file is for a newer Trunkline than this one, whose own list of mistakes would lead its reader astray."""

from __future__ import annotations

from trunkline import __version__
from trunkline.config.document import Document
from trunkline.config.mistakes import Mistake
from trunkline.config.yaml_positions import Number
from trunkline.domain.versions import parse_version

_FORMAT = 1
_MEND = (
    "upgrade Trunkline; in CI, run the job in an image that was made with it (`trunkline ci images`), or start the pipeline"
    " of a newer commit"
)


def newer_than_we(document: Document) -> Mistake | None:
    """What to say of a file of a newer format, or that asks for a newer version; None for any other."""
    data = document.data if isinstance(document.data, dict) else {}
    version = data.get("version")
    if isinstance(version, Number) and version.value > _FORMAT:
        text = f"this file is of format {version.text}, and Trunkline {__version__} knows up to {_FORMAT}: {_MEND}"
        return Mistake(document.place(("version",)).value, text, ("version",))
    wanted = data.get("requires")
    try:
        newer = isinstance(wanted, str) and (
            parse_version(wanted).precedence > parse_version(__version__).precedence
        )
    except ValueError:
        return None
    if not newer:
        return None
    text = f"this file asks for Trunkline {wanted}, and this is {__version__}: {_MEND}"
    return Mistake(document.place(("requires",)).value, text, ("requires",))
