"""Where each value of a release comes from, and which may be shown. Helm types and merges; what is here only explains it."""
