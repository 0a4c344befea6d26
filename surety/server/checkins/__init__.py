"""Photo check-ins: asked for, answered, compared 1:1, and decided by people."""
