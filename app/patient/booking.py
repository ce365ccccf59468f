"""The booking page: choose, and see live which times are open."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response, current_app, make_response, request
from flask_login import current_user

from app.checkout import starting
from app.clock import tick_of
from app.htmx import at_address, respond, see_other, tag_of, tagged, unchanged, wants_fragment
from app.models import Appointment
from app.patient import bp
from app.patient.choices import Choices
from app.scheduling import holders, holds, nearby, openings, refusals, strip
from app.scheduling.openings import Desk, Opening
from app.scheduling.strip import Day, DayState
from app.security import holder, may_hold, public, quiet

NOON, EVENING = 12, 17

MOST_FRAGMENTS = 500
_fragments: dict[str, str] = {}  # by tag, which says all that a fragment is made from


@dataclass(frozen=True, slots=True)
class Times:
    """The part of the page about time: the strip, the day in view and its openings."""

    days: list[Day]
    day: Day
    openings: list[Opening]
    near: list[Opening]  # what to offer when the day has none
    earliest: Opening | None


@bp.get("/appointment/")
@public
def book() -> Response:
    """The booking page with the choices of its address."""
    return booking_page(Choices.read(openings.desk().catalogue, request.args))


@bp.get("/appointment/openings/")
@public
@quiet
def openings_of_day() -> Response:
    """The openings of the day in view, asked for every few seconds. The hot path: one query for
    the revision and one for who is busy; what it looks like is remembered."""
    desk = openings.desk()
    choices = Choices.read(desk.catalogue, request.args)
    if not wants_fragment():
        return booking_page(choices)
    if (
        not choices.doctors or choices.visit_type is None or choices.day is None
    ):  # the doctor or the visit type is gone
        return see_other(choices.address(doctor=request.args.get("doctor")))
    free = openings.free_starts(desk, choices.doctors, choices.visit_type, choices.day, choices.day)
    near: list[Opening] = []
    if not any(one.bits for one in free):
        near = nearby.near_day(desk, choices.doctors, choices.visit_type, choices.day)
    query = choices.query(opening=None)
    places = [(one.doctor.id, one.location.id, one.first, one.bits) for one in free]
    tag = tag_of(query, desk.revision, places, [(one.doctor.id, one.tick) for one in near])
    same = unchanged(tag)
    if same is not None:
        return same
    fragment = _fragments.get(tag)
    if fragment is None:
        found = openings.listed(choices.visit_type, free)
        fragment = _fragment(choices, found, near, query)
        _keep(tag, fragment)
    return tagged(make_response(fragment), tag)


def booking_page(
    choices: Choices,
    *,
    status: int = 200,
    refusal: str | None = None,
    alternatives: list[Opening] | None = None,
    reason: str | None = None,
    complaint: str | None = None,
) -> Response:
    """The page at any point of the flow; a refusal is shown with the openings that are offered
    instead, and what was typed stays."""
    desk = openings.desk()
    held = my_hold()
    is_held = held is not None and _is_choice(held, choices)
    times = None if is_held else _times(desk, choices)  # the review shows no other times
    chosen = _chosen(choices, times)
    if choices.opening and not chosen and not is_held and refusal is None and choices.is_ready:
        refusal, alternatives = _why_not(desk, choices, choices.opening)
    response = respond(
        "patient/book.html",
        "patient/_booking.html",
        status=status,
        desk=desk,
        choices=choices,
        times=times,
        chosen=chosen,
        held=held,
        held_until=starting.held_until(held) if held else None,
        is_held=is_held,
        held_tick=tick_of(held.starts_at) if held else None,
        may_prolong=held is not None and holds.may_prolong(held),
        reason=reason if reason is not None else (held.reason if held else ""),
        refusal=refusal,
        alternatives=alternatives or [],
        complaint=complaint,
        key=new_key(),
        parts=parts_of_day,
        is_patient=current_user.is_authenticated and current_user.user.patient is not None,
    )
    return at_address(response, choices.address()) if request.method == "GET" else response


def _chosen(choices: Choices, times: Times | None) -> Opening | None:
    """The opening that the address names, if it is open."""
    if times is None or choices.opening is None:
        return None
    return next((one for one in times.openings if one.tick == choices.opening), None)


def _is_choice(held: Appointment, choices: Choices) -> bool:
    """Whether the address names the time that is held."""
    same_doctor = choices.doctor is not None and held.doctor_id == choices.doctor.id
    return same_doctor and choices.opening == _held_tick(held, choices)


def _why_not(desk: Desk, choices: Choices, tick: int) -> tuple[str | None, list[Opening]]:
    """Why the opening of an old or shared address is none, and the nearest that are."""
    if choices.doctor is None or choices.visit_type is None:
        return None, []
    try:
        openings.require(desk, choices.doctor, choices.visit_type, tick)
    except refusals.NotBookable as refused:
        near = nearby.nearest(desk, choices.doctors, choices.visit_type, tick)
        me = current_user.user.patient if current_user.is_authenticated else None
        is_taken = isinstance(refused, refusals.OpeningTaken)
        if is_taken and me is not None and holds.is_busy(me, choices.visit_type, tick):
            return refusals.OwnOverlap.sentence, near  # Back leads here after booking
        return refused.sentence, near
    return None, []


def new_key() -> str:
    """A fresh booking key for a form: sent twice, it books once."""
    return secrets.token_urlsafe(16)


def my_hold() -> Appointment | None:
    """The time that this browser, or its patient, holds now."""
    return holders.held_by(holder()) if may_hold() else None


def parts_of_day(found: Sequence[Opening]) -> list[tuple[str, list[Opening]]]:
    """Openings under Morning, Afternoon and Evening, by the wall of their place."""
    parts: dict[str, list[Opening]] = {"Morning": [], "Afternoon": [], "Evening": []}
    for opening in found:
        hour = opening.local.hour
        name = "Morning" if hour < NOON else "Afternoon" if hour < EVENING else "Evening"
        parts[name].append(opening)
    return list(parts.items())


def _times(desk: Desk, choices: Choices) -> Times | None:
    if choices.visit_type is None or not choices.doctors:
        return None
    first_day = min(
        (desk.today(place) for doctor in choices.doctors for place in doctor.locations),
        default=desk.at.astimezone(desk.settings.zoneinfo).date(),
    )
    days = strip.of_days(desk, choices.doctors, choices.visit_type, first_day)
    earliest = next(
        iter(nearby.earliest(desk, choices.doctors, choices.visit_type, how_many=1)), None
    )
    wanted = choices.day or (earliest.day if earliest else first_day)
    day = next((one for one in days if one.on == wanted), None) or _beyond(wanted, first_day)
    found = _openings(desk, choices, wanted)
    near = (
        nearby.near_day(desk, choices.doctors, choices.visit_type, wanted)
        if earliest and not found
        else []
    )
    return Times(days, day, found, near, earliest)


def _beyond(wanted: date, first_day: date) -> Day:
    if wanted < first_day:
        return Day(wanted, DayState.TOO_SOON, 0, "This day has passed")
    return Day(wanted, DayState.TOO_FAR, 0, "Not open for booking yet")


def _openings(desk: Desk, choices: Choices, day: date) -> list[Opening]:
    if choices.visit_type is None:
        return []
    found = openings.of_day(desk, choices.doctors, choices.visit_type, day)
    return openings.one_each(found) if choices.is_any_doctor else found


def _held_tick(held: Appointment | None, choices: Choices) -> int | None:
    """The start of the viewer's hold, if it is among the openings in view."""
    if held is None or choices.visit_type is None:
        return None
    among = {doctor.id for doctor in choices.doctors}
    mine = held.doctor_id in among and held.visit_type_id == choices.visit_type.id
    return tick_of(held.starts_at) if mine else None


def _fragment(
    choices: Choices, found: list[Opening], near: list[Opening], query: dict[str, str]
) -> str:
    shown = openings.one_each(found) if choices.is_any_doctor else found
    # Not by `render_template`: it would ask who is signed in, and the fragment is everybody's.
    template = current_app.jinja_env.get_template("patient/_openings.html")
    return template.render(openings=shown, near=near, query=query, parts=parts_of_day)


def _keep(tag: str, fragment: str) -> None:
    """Remember what a fragment looks like, for the next who asks; the oldest is forgotten."""
    while len(_fragments) >= MOST_FRAGMENTS:
        _fragments.pop(next(iter(_fragments)), None)
    _fragments[tag] = fragment
