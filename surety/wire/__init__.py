"""PURE. One file a protocol: bytes in; facts or a refusal, and the reply that is due, out."""
