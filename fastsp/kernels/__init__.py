"""Compiled functions over flat arrays. They import numpy and numba only.

Flat arrays come in and preallocated arrays are filled; nothing is validated or drawn at random
in a hot loop. The modules above own the arrays and check what users give.
"""
