"""CircleCI's API v2: what it says of workflows, page by page and as fast as it allows. No other module speaks to it."""

from trunkline.adapters.circleci.workflows import CircleWorkflows

__all__ = ["CircleWorkflows"]
