"""Users, their roles, log-in with a second factor, lock-out."""
