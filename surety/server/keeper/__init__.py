"""What comes round by itself: reviews that are due, erasure, checkpoints, deliveries. One process does them all."""
