"""Datadog as a sink: `wire` knows its HTTP interface, `sink` when to send and when to give up."""

from trunkline.adapters.datadog.sink import DatadogSink

__all__ = ["DatadogSink"]
