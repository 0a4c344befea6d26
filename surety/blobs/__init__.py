"""Photographs at rest: sealed to one person's key, kept under the hash of what they hold."""
