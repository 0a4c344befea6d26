"""Evaluates recorded traces against an order, without a server: `surety replay`."""
