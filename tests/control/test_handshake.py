"""Proofs of one secret (app/control/handshake.py)."""

import pytest

from app.control.handshake import AGENT, FACE, is_nonce, new_nonce, proof, proven


def test_a_proof_is_good_for_one_side_of_one_conversation() -> None:
    """Neither replayed, nor reflected, nor made with another secret does it count."""
    mine, theirs = new_nonce(), new_nonce()
    expected = proof("secret", FACE, mine, theirs)
    assert proven(expected, proof("secret", FACE, mine, theirs))
    for other in (
        proof("secret", AGENT, mine, theirs),
        proof("secret", FACE, new_nonce(), theirs),
        proof("secret", FACE, mine, new_nonce()),
        proof("other", FACE, mine, theirs),
    ):
        assert not proven(expected, other)


@pytest.mark.parametrize("given", [None, 5, "", [], "é" * 64, "\ud800", "x" * 10**6])
def test_anything_else_is_no_proof(given: object) -> None:
    """And does not raise."""
    assert not proven(proof("secret", FACE, "a", "b"), given)


@pytest.mark.parametrize("given", [None, 5, "", "a" * 31, "a" * 129, "a b" * 20])
def test_what_is_no_nonce(given: object) -> None:
    """Too short, too long, or more than one word."""
    assert not is_nonce(given)
    assert is_nonce(new_nonce())
