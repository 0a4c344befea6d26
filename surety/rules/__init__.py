"""PURE. Everything that affects a finding lives here: no clock, no I/O, no logging, no Django."""
