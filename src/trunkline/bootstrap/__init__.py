"""The only room that names adapters: it composes the World of a command, and that of a rehearsal."""

from trunkline.bootstrap.world import closing, compose, sends_to_datadog, sink_check

__all__ = ["closing", "compose", "sends_to_datadog", "sink_check"]
