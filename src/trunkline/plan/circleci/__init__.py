"""From a project to CircleCI's configuration: pure, and the same text for the same project on every machine."""
