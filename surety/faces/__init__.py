"""Face verification, 1:1: one probe against the enrolled images of the one person who is expected."""
