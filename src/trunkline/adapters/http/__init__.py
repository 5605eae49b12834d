"""The one place that speaks HTTP: connections are kept per server, every wait is bounded.

Servers are asked by the standard library's client, those behind a proxy by urllib3. Errors are turned into one
sentence that names the host and the cause; a URL's user part, query and the headers never get into it.
"""

from trunkline.adapters.http.client import HttpClient

__all__ = ["HttpClient"]
