"""step(state, fact, conditions) -> state, findings, wake_at. Total and deterministic; never asks what time it is."""
