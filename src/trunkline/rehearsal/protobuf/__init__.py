"""Kubernetes' protobuf, which kubectl and Helm send for the kinds that they have types of.

It only reads: what comes out is the JSON object that a client would have sent in its place, and whatever cannot be read
is an `ApiError` and nothing else.
"""

from trunkline.rehearsal.protobuf.envelope import decode

__all__ = ["decode"]
