"""The person's own page: log-in by a code, what they may see, in their language. They are no users (docs/portal.md)."""
