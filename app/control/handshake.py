"""Each side proves that it knows the card's secret, which itself never travels (pure).

A stale card may lead to a port that a stranger's program has meanwhile: it learns nothing
there, and cannot pass for the agent.
"""

import hashlib
import hmac
import secrets

AGENT = "agent"  # who proves
FACE = "face"
_NONCE_BYTES = 32
_LONGEST = 128  # characters of a nonce or a proof


def new_nonce() -> str:
    """Return a word that was never used before."""
    return secrets.token_hex(_NONCE_BYTES)


def proof(secret: str, who: str, agent_nonce: str, face_nonce: str) -> str:
    """Return what only somebody who knows the secret can say in this conversation."""
    said = f"{who} {agent_nonce} {face_nonce}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()


def proven(expected: str, given: object) -> bool:
    """Compare in constant time; anything but a short text is wrong."""
    if not isinstance(given, str) or len(given) > _LONGEST:
        return False
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def is_nonce(given: object) -> bool:
    """Tell whether this can be the other side's nonce."""
    return isinstance(given, str) and _NONCE_BYTES <= len(given) <= _LONGEST and given.isalnum()
