"""Measurements of speed and memory. Each module has `measure() -> list[Row]`; `make bench` prints them all.

A figure stands beside a baseline of the same run, because machines differ; nothing here is a test.
"""
