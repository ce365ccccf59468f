"""Public references: what stands in an address instead of the row's number."""

from __future__ import annotations

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else
LENGTH = 16  # 79 bits: not to be guessed


def new_ref() -> str:
    """A fresh unguessable reference that can be read out on the telephone."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
