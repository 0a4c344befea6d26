"""People, orders, conditions and device assignments: every change is a new version."""
