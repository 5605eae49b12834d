"""From `trunkline.yaml`, or the article's environment variables, to a `Project`: all mistakes at once, each with its place."""
