"""What was just removed from a list, and the way to take that back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, abort, flash, request, url_for

from app.clinic import removals
from app.clinic.removals import Irretrievable
from app.htmx import see_other
from app.inputs import a_number
from app.models import Location, Specialty, User, VisitType
from app.security import me

LARGEST_ID = 999_999_999_999


@dataclass(frozen=True, slots=True)
class Removed:
    """What a list says is gone, and the address that brings it back."""

    name: str
    undo: str


def lately(kind: str) -> Removed | None:
    """What the address of the list says was removed, unless it has come back."""
    number = a_number(request.args.get("removed"), 1, LARGEST_ID)
    removal = removals.find(kind, number) if number else None
    if removal is None or removals.is_taken_back(removal):
        return None
    undo = url_for(f"admin.restore_{kind}", number=removal.id)
    return Removed(removal.object_name, undo)


def number_of(text: str) -> int:
    """The number of a removal in an address."""
    return a_number(text, 1, LARGEST_ID) or abort(404)


def brought_back(
    number: str,
    restore: Callable[[int, User], Specialty | Location | VisitType],
    list_page: Callable[[Irretrievable], Response],
    address: str,
) -> Response:
    """Take a removal back and show the list, which says why where that cannot be."""
    try:
        back = restore(number_of(number), me())
    except Irretrievable as refused:
        return list_page(refused)
    flash(f"{back.name} is back.", "success")
    return see_other(address)
