"""Real components for tests: a PostgreSQL of their own, the shared traces, a headless Chromium."""
