"""What comes round by itself: erasure, checkpoints, what has run out. One process does them all."""
