"""Reads any configuration of CircleCI and says what is wrong with it: what CircleCI would refuse, and what it would not.

Nothing is asked of anybody, so that what stands elsewhere (orbs, pipeline parameters of a setup) counts as right.
"""
