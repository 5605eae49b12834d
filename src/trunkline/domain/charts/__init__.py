"""Charts and the index of their repository: what an archive holds, which versions there are, what a range means.

Everything here is pure, and everything that it reads was written by others: sizes, depths and names are bounded.
"""
