"""How fast and how safely a team delivers: pure sums over what the ledger remembers.

Every figure is of one service in one environment, over a half-open window of time, with the number of things that
it rests on; what is not known is counted as unknown and never as nothing.
"""
