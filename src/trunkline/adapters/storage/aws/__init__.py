"""AWS credentials, region and endpoints, found the way that AWS's own tools find them, each source with its own words.

Nothing here is AWS's SDK: botocore takes 31 MB and 0.3 s for a first request, and the five calls that hand out keys
(STS, SSO, container, instance, a program) are one HTTP request or process each. The order of sources is botocore's,
and a test compares the two.
"""

from trunkline.adapters.storage.aws.access import Access, resolve
from trunkline.adapters.storage.aws.keys import Keys, KeySource, Outside

__all__ = ["Access", "KeySource", "Keys", "Outside", "resolve"]
