"""Template tags of the person's own page."""
