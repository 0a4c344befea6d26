"""How good a recogniser is on a test set that the operator names: `surety faces evaluate` and `calibrate`.

A measurement of the machine, never a search: pairs of pictures of which it is known beforehand whether they show one
person. It has no way to the system's own photographs: they are sealed, and this room may not import their store.
"""
