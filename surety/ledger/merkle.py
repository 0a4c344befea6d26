"""A Merkle tree with the structures of RFC 9162 (Certificate Transparency 2.0), section 2.1, over SHA-256.

A leaf is hashed with 0x00 before it and a node with 0x01, so that neither can be taken for the other. Sizes count
leaves from the beginning; indices begin at 0. Hashes are 32 bytes.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a growing tree: the roots of its complete subtrees, the largest first.

    All that is needed to go on: appending costs one hash on average, and memory grows with the logarithm.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Raises ValueError unless there is one hash for each bit of the size."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(one) != HASH_BYTES for one in hashes):
            raise ValueError(f"an edge of {size} leaves has {size.bit_count()} hashes of {HASH_BYTES} bytes")
        self.size, self.hashes = size, list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add a leaf, given its hash."""
        below = self.size
        while below & 1:  # each complete subtree of the same size joins
            leaf = node_hash(self.hashes.pop(), leaf)
            below >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The hash of the whole tree (MTH)."""
        if not self.hashes:
            return EMPTY_ROOT
        found = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            found = node_hash(left, found)
        return found


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves, given their hashes."""
    edge = Edge()
    for leaf in leaves:
        edge.append(leaf)
    return edge.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(m, D_n): what shows that the leaf at `index` is in the tree of all. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    return _path(leaves, index, 0, len(leaves))


def _path(leaves: Sequence[bytes], index: int, low: int, high: int) -> list[bytes]:
    if high - low == 1:
        return []
    middle = low + _split(high - low)
    if index < middle:
        return [*_path(leaves, index, low, middle), root_of(leaves[middle:high])]
    return [*_path(leaves, index, middle, high), root_of(leaves[low:middle])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(m, D_n): what shows that the tree of all begins with the tree of `old_size`. Raises IndexError."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(old_size)
    return _subproof(leaves, old_size, 0, len(leaves), whole=True)


def _subproof(leaves: Sequence[bytes], old: int, low: int, high: int, *, whole: bool) -> list[bytes]:
    size = high - low
    if old == size:
        return [] if whole else [root_of(leaves[low:high])]
    half = _split(size)
    if old <= half:
        return [*_subproof(leaves, old, low, low + half, whole=whole), root_of(leaves[low + half : high])]
    return [*_subproof(leaves, old - half, low + half, high, whole=False), root_of(leaves[low : low + half])]


def _split(size: int) -> int:
    """The largest power of two that is smaller than the size."""
    return 1 << ((size - 1).bit_length() - 1)


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Section 2.1.3.2: whether the proof shows the leaf's hash at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    number, last, found = index, size - 1, leaf
    for part in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = node_hash(part, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, part)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Section 2.1.4.2: whether the proof shows that the greater tree begins with the smaller one."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    parts = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not parts:
        return False
    number, last = old_size - 1, new_size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    return _folded(parts, number, last, (old_root, new_root))


def _folded(parts: Sequence[bytes], number: int, last: int, roots: tuple[bytes, bytes]) -> bool:
    old = new = parts[0]
    for part in parts[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = node_hash(part, old), node_hash(part, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, part)
        number, last = number >> 1, last >> 1
    return last == 0 and (old, new) == roots
