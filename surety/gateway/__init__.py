"""The devices' door: identify, authorise, limit, append, acknowledge."""
