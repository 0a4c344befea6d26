"""Drawings of places for paper and files. Pure: shapes in, SVG out; no tiles, no other origin, no clock, no Django."""
