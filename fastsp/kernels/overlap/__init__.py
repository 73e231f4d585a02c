"""Overlaps from an index of connected synapses, in one of several layouts, and its upkeep.

A column's overlap is how often it stands among the columns connected to the on-bits. All layouts
give the same integers.
"""
