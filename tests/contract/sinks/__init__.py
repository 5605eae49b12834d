"""What sinks send, read back from the real servers, or taken by strict stand-ins that the vendors' clients pass first."""
