"""Passwords: Argon2id, judged by length and by whether everybody uses them, by nothing else."""

from __future__ import annotations

from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST = 10
LONGEST = 256

# OWASP's second choice for Argon2id: 19 MiB, two passes; about 20 ms here.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
# Hashing saturates a core; a flood of sign-ins must leave threads for everybody else.
_at_once = BoundedSemaphore(2)

CLINIC_WORDS = ("docket", "clinic", "doctor", "patient", "appointment")


def hash_of(password: str) -> str:
    """The Argon2id hash of a password, salt and parameters included."""
    with _at_once:
        return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one behind the hash. Without a hash it takes as long to say no,
    so that time does not tell whether an account exists."""
    known = password_hash or _nobodys_hash()
    try:
        with _at_once:
            _hasher.verify(known, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def complaint(password: str, *about: str) -> str | None:
    """Why this password will not do, in a sentence; nothing when it will.

    `about` are the person's own words (name, e-mail), which are the first that are tried.
    """
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few unrelated words are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    plain = password.casefold()
    if plain in _common() or len(set(plain)) < 4:
        return "This password is one of the first that people try. Choose another one."
    texts = [text.casefold() for text in about]
    own = {*texts, *(word for text in texts for word in text.replace("@", " ").split())}
    if any(len(word) > 3 and plain.strip("0123456789!.-_ ") == word for word in own):
        return "Do not use your own name or e-mail address as your password."
    if plain.strip("0123456789!.-_ ") in CLINIC_WORDS:
        return "This password is one of the first that people try here. Choose another one."
    return None


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("the password of nobody")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST)
