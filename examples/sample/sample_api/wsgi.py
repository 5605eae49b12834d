"""The application as a server loads it. A setting that is missing ends the start here, and not a request later."""

from __future__ import annotations

import os

from sample_api.api import create
from sample_api.settings import read

application = create(read(os.environ))
