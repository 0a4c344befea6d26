"""Photographs of invented people, for the town, the demonstration and the tests. No face of anybody was used."""

from surety.sim.faces.picture import Photo, View, burst, face, jpeg

__all__ = ["Photo", "View", "burst", "face", "jpeg"]
