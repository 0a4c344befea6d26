"""Surety: electronic monitoring of people under community supervision, answerable for itself.

Each folder is a room; `docs/where-is.md` tells what is decided where.
"""

__version__ = "0.1.0"
