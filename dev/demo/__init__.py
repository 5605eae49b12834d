"""The demo: a commit of the sample goes from nothing to production on a real cluster; the next one fails in QA.

Everything in it is real: git, the image builder, the registry, Helm, Kubernetes, HTTP. Only Datadog's intake is
the strict stand-in of the tests, so that what is sent can be shown.
"""
