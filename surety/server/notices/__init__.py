"""Words to the people under supervision: written by the worker, delivered by the door."""
