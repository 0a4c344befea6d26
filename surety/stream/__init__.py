"""The durable log between the door and the rules."""
