"""Text that stays in its line: in a header, in a calendar file, in a sentence of a letter."""

from __future__ import annotations

import re

JOINERS = "\u200c\u200d"  # invisible, but part of how Persian and some emoji are spelt


def one_line(text: str) -> str:
    """The text with every run of blanks and line breaks as one space, and nothing that controls
    a terminal, a header or the direction of writing."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return "".join(letter for letter in words if letter.isprintable() or letter in JOINERS)


def without_gaps(text: str) -> str:
    """The text with at most one empty line between two others, and one line break at its end."""
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text).strip() + "\n"
