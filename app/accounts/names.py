"""Names and telephone numbers as people write them, without what would break a line or a page."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 120
CONTROLS = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
# They turn the direction of all text that follows, also of what is not theirs.
TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PHONE = re.compile(r"\+?[0-9 ()/.-]{5,39}", re.ASCII)
FEWEST_DIGITS = 5
TITLES = ("Dr.", "Prof. Dr.", "Prof.", "PD Dr.")
LICENCE = re.compile(r"[^\W_][\w ./-]*")
LONGEST_LICENCE = 40


def tidy(typed: str) -> str:
    """The text without outer and doubled spaces, its letters composed."""
    composed = unicodedata.normalize("NFC", typed).strip()
    return re.sub(r" {2,}", " ", composed)


def breaks_lines(text: str) -> bool:
    """Whether there are characters that end a line, control a terminal or turn the text round."""
    return any(unicodedata.category(c) in CONTROLS or c in TURNERS for c in text)


def complaint_about_name(name: str, *, of_another: bool = False) -> str | None:
    """Why this cannot be one's name, or that of another, in a sentence; nothing when it can."""
    if breaks_lines(name):
        return "A name cannot hold line breaks or control characters."
    if len(name) > LONGEST_NAME:
        return f"Use at most {LONGEST_NAME} characters."
    if not any(c.isalpha() for c in name):
        whose, they = ("the", "they") if of_another else ("your", "you")
        return f"Enter {whose} name as {they} would like to be called here."
    return None


def complaint_about_phone(phone: str) -> str | None:
    """Why nobody can be called there, in a sentence; nothing when it looks right."""
    if PHONE.fullmatch(phone) and sum(c.isdigit() for c in phone) >= FEWEST_DIGITS:
        return None
    return "Enter a telephone number with digits and spaces, like +49 30 901820."


def complaint_about_licence(number: str) -> str | None:
    """Why this cannot be a licence number, in a sentence; nothing when it can."""
    if not number:
        return "Enter the number of the licence to practise."
    if len(number) > LONGEST_LICENCE:
        return f"Use at most {LONGEST_LICENCE} characters."
    if not LICENCE.fullmatch(number):
        return "Use letters, digits, spaces and . / - only."
    return None
