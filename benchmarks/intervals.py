"""Exact 95 % intervals of counts, as the benchmarks tell them; the arithmetic is the product's own."""

from surety.exact import binomial, poisson

__all__ = ["binomial", "poisson"]
