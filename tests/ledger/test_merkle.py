"""The tree against RFC 9162 read word for word, and against the roots that Certificate Transparency's tests publish."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.ledger import merkle

# The inputs and roots of the tests of google/certificate-transparency (RFC 6962, whose tree RFC 9162 keeps).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(count)]


def mth(hashes: list[bytes]) -> bytes:
    """Section 2.1.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


@pytest.mark.parametrize("count", range(1, 9))
def test_the_roots_are_those_that_are_published(count: int) -> None:
    hashes = [merkle.leaf_hash(data) for data in INPUTS[:count]]
    assert merkle.root_of(hashes).hex() == ROOTS[count - 1]


@given(st.integers(0, 300))
def test_the_edge_has_the_root_that_the_definition_gives(count: int) -> None:
    assert merkle.root_of(leaves(count)) == mth(leaves(count))


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_edge_that_was_put_away_goes_on_as_if_it_had_not_been(first: int, more: int) -> None:
    edge = merkle.Edge()
    for leaf in leaves(first + more)[:first]:
        edge.append(leaf)
    again = merkle.Edge(edge.size, edge.hashes)
    for leaf in leaves(first + more)[first:]:
        again.append(leaf)
    assert again.root() == mth(leaves(first + more))


@given(st.data())
def test_a_proof_shows_its_own_leaf_in_its_own_tree_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    all_of_them, root = leaves(size), mth(leaves(size))
    proof = merkle.inclusion_proof(all_of_them, index)
    assert merkle.is_included(all_of_them[index], index, size, proof, root)
    assert not merkle.is_included(merkle.leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.is_included(all_of_them[index], index, size, proof, merkle.leaf_hash(b"other"))
    assert not merkle.is_included(all_of_them[index], index, size, [*proof, root], root)
    other = data.draw(st.integers(0, size - 1))
    assert other == index or not merkle.is_included(all_of_them[index], other, size, proof, root)


@given(st.data())
def test_a_tree_that_grew_is_consistent_and_one_that_was_changed_is_not(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, size))
    now = leaves(size)
    proof = merkle.consistency_proof(now, old)
    assert merkle.is_consistent(old, size, proof, mth(now[:old]), mth(now))
    changed = [merkle.leaf_hash(b"changed"), *now[1:old]]
    assert not merkle.is_consistent(old, size, proof, mth(changed), mth(now))
    assert old == size or not merkle.is_consistent(old, size, proof[:-1], mth(now[:old]), mth(now))


def test_an_edge_that_cannot_be_is_refused() -> None:
    for size, count in ((1, 0), (2, 2), (-1, 1)):
        with pytest.raises(ValueError, match="edge"):
            merkle.Edge(size, leaves(count))
