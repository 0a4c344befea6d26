"""A town, its people and their receivers, which speak real protocols to the real door."""
