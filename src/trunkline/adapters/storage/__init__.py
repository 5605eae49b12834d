"""Charts and values layers from directories, S3, web servers, OCI registries and git; what comes is checked, then used."""

from trunkline.adapters.storage.files import FileStorage, Reach

__all__ = ["FileStorage", "Reach"]
