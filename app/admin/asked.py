"""What the pages of admins are asked for, read strictly: words of a list, a search, a version."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from flask import abort, request

from app.inputs import a_number

LONGEST_SEARCH = 80
LARGEST_VERSION = 1_000_000

W = TypeVar("W", bound=StrEnum)


def chosen(words: type[W], text: str | None) -> W | None:
    """One of the words that are allowed, or nothing."""
    return next((word for word in words if word.value == text), None)


def searched() -> str:
    """What is searched for in a list."""
    return request.args.get("q", "")[:LONGEST_SEARCH].strip()


def version_seen() -> int:
    """The version that the form was made for."""
    version = a_number(request.form.get("version"), 1, LARGEST_VERSION)
    return version if version is not None else abort(400)
