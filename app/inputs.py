"""What browsers send, read strictly: ASCII numbers in range, real dates, each field once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import abort, current_app, request
from werkzeug.datastructures import MultiDict

from app.formats import WITHOUT_CENTS

View = TypeVar("View", bound=Callable[..., Any])

FIRST_YEAR, LAST_YEAR = 2000, 2100
LAST_TICK = 13_672_800  # the end of the year 2099
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def takes_many(*fields: str) -> Callable[[View], View]:
    """Say which fields a view may be sent more than once."""

    def decorate(view: View) -> View:
        view.takes_many = frozenset(fields)  # type: ignore[attr-defined]
        return view

    return decorate


def refuse_malformed() -> None:
    """Before every request: 400 for a field sent twice, or text that no database can keep."""
    view = current_app.view_functions.get(request.endpoint or "")
    many: frozenset[str] = getattr(view, "takes_many", frozenset())
    _check(request.args, many)
    if request.method == "POST":
        _check(request.form, many)


def a_number(text: str | None, least: int, most: int) -> int | None:
    """A whole number in ASCII digits from `least` to `most`, or nothing."""
    if not text or len(text) > 12 or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if least <= number <= most else None


def a_tick(text: str | None) -> int | None:
    """A tick between the epoch and 2100, or nothing."""
    return a_number(text, 1, LAST_TICK)


def a_page(text: str | None) -> int:
    """The number of a page; the first when it makes no sense."""
    return a_number(text, 1, 1_000_000) or 1


def a_day(text: str | None) -> date | None:
    """A date in ISO form, of a year that a calendar may show, or nothing."""
    if not text or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def a_time(text: str | None) -> int | None:
    """A time of day like `9:05`, `09:05` or `24:00` as minutes since midnight, or nothing."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text or "", re.ASCII)
    if match is None:
        return None
    hours, minutes = map(int, match.groups())
    if hours == 24 and minutes == 0:
        return 1440
    return hours * 60 + minutes if hours < 24 and minutes < 60 else None


def a_price(text: str | None, currency: str) -> int | None:
    """An amount like `60`, `60.00` or `60,00` in the currency's smallest unit, or nothing."""
    match = re.fullmatch(r"([0-9]{1,6})(?:[.,]([0-9]{1,2}))?", (text or "").strip(), re.ASCII)
    if match is None:
        return None
    whole, rest = int(match[1]), match[2]
    if currency in WITHOUT_CENTS:
        return whole if rest is None else None
    return whole * 100 + int((rest or "").ljust(2, "0"))


def own_path(address: str | None) -> str | None:
    """The address if it is a path of this site, so that nobody is sent elsewhere."""
    if not address or len(address) > 2000 or not address.startswith("/"):
        return None
    if address.startswith(("//", "/\\")) or any(ord(c) < 32 or c == "\\" for c in address):
        return None
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else None


def back() -> str | None:
    """The page that sent somebody here and wants them back, if one did."""
    return own_path(request.values.get("next"))


def _check(fields: MultiDict[str, str], many: frozenset[str]) -> None:
    for name, values in fields.lists():
        if len(values) > 1 and name not in many:
            abort(400, f"The field “{name[:40]}” was sent more than once.")
        if UNSTORABLE.search(name) or any(UNSTORABLE.search(value) for value in values):
            abort(400, "The form holds characters that cannot be stored.")
