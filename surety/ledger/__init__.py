"""The audit log as somebody outside checks it: entries, a Merkle tree over them, signed checkpoints of it.

PURE: no Django, no database, no settings. Whoever has a copy of the log, the checkpoints and the public key needs this
room, `cryptography` and nothing else: `python -m surety.ledger LOG --key KEY --checkpoints FOLDER`.
"""
