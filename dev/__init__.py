"""Development tools: a real cluster, real command-line tools and real servers for anyone who has none.

Nothing here is shipped. Run from the repository's root, for instance ``python -m dev.cluster up``.
"""
