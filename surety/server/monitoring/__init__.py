"""The worker that gives facts to the rules and keeps findings, state and read position together."""
