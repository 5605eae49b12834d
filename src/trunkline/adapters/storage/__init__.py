"""Charts and values layers from directories and from S3."""

from trunkline.adapters.storage.files import FileStorage

__all__ = ["FileStorage"]
