"""Findings that somebody must handle, and what was done about each."""
