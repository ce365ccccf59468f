"""Booking for a patient: whom, which visit, when; confirmed at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Response, flash, request, url_for

from app.doctor import bp
from app.doctor.desk import Choices, new_key, parts_of_day
from app.doctor.whose import zone_of
from app.errors import ClinicError
from app.formats import long_time
from app.htmx import respond, see_other
from app.models import Appointment, Role
from app.scheduling import desk_patients, openings, staff_bookings, strip
from app.scheduling.openings import Opening
from app.scheduling.refusals import NotBookable
from app.scheduling.staff_bookings import LONGEST_REASON
from app.scheduling.strip import Day
from app.security import me, only


@bp.get("/board/book/")
@only(Role.DOCTOR, Role.ADMIN)
def book() -> Response:
    """The page at any point of the way: first the patient, then the visit and the time."""
    choices = Choices.of(request.args)
    if choices.patient is None:
        return _whom(choices)
    return times_page(choices)


@bp.post("/board/book/")
@only(Role.DOCTOR, Role.ADMIN)
def book_now() -> Response:
    """Book the chosen opening for the chosen patient."""
    choices = Choices.of(request.form)
    reason = request.form.get("reason", "").strip()
    wanted = choices.wanted(request.form.get("key", ""), reason)
    if choices.patient is None or wanted is None:
        return see_other(choices.address(at=None))
    if len(reason) > LONGEST_REASON:
        sentence = f"Use at most {LONGEST_REASON} characters."
        return times_page(choices, status=422, reason=reason, complaint=sentence)
    try:
        visit = staff_bookings.book(me(), choices.patient, wanted)
    except ClinicError as refused:
        return times_page(choices, status=refused.status, reason=reason, refusal=refused.sentence)
    return booked(visit)


def booked(visit: Appointment) -> Response:
    """Say that it is done, on the page of the new visit."""
    name = visit.patient.name if visit.patient else "The patient"
    when = long_time(visit.starts_at, visit.zone)
    has_address = visit.patient is not None and visit.patient.user.email
    told = "We send them an e-mail." if has_address else "They have no e-mail: tell them yourself."
    flash(f"{name} is booked for {when}. {told}", "success")
    return see_other(url_for("doctor.visit", ref=visit.ref))


def times_page(
    choices: Choices,
    *,
    status: int = 200,
    reason: str = "",
    refusal: str | None = None,
    complaint: str | None = None,
) -> Response:
    """The visit types, the days and the openings, or the review of the one that is chosen."""
    chosen: Opening | None = None
    near: Sequence[Opening] = ()
    if choices.kind is not None and choices.tick is not None:
        chosen, why_not = _opening(choices, choices.tick)
        if chosen is None or refusal:
            refusal = refusal or why_not
            near = staff_bookings.near(choices.desk, choices.doctor, choices.kind, choices.tick)
    days = _days(choices)
    day = _day_in_view(choices, days)
    return respond(
        "doctor/book.html",
        "doctor/_book.html",
        status=status,
        choices=choices,
        chosen=chosen,
        near=near,
        days=days,
        day=day,
        openings=_openings(choices, day.on) if day else [],
        parts=parts_of_day,
        zone=zone_of(choices.desk, choices.doctor),
        reason=reason,
        refusal=refusal,
        complaint=complaint,
        key=new_key(),
    )


def _whom(choices: Choices) -> Response:
    """The search for the patient; without scripts the page itself is its answer."""
    search = request.args.get("q", "")[: desk_patients.LONGEST_SEARCH].strip()
    return respond(
        "doctor/book_whom.html",
        "doctor/_patients.html",
        choices=choices,
        search=search,
        patients=desk_patients.find(me(), search),
        is_cut=desk_patients.MOST,
        address_of=lambda patient: choices.address(
            patient=patient.user.ref, email=search if "@" in search else None
        ),
    )


def _opening(choices: Choices, tick: int) -> tuple[Opening | None, str | None]:
    """The opening at a tick, or why there is none."""
    if choices.kind is None:
        return None, None
    try:
        return openings.require(choices.desk, choices.doctor, choices.kind, tick), None
    except NotBookable as refused:
        return None, refused.sentence


def _days(choices: Choices) -> list[Day]:
    if choices.kind is None:
        return []
    today = choices.desk.at.astimezone(zone_of(choices.desk, choices.doctor)).date()
    days = choices.desk.settings.horizon_days + 1
    return strip.of_days(choices.desk, [choices.doctor], choices.kind, today, days=days)


def _day_in_view(choices: Choices, days: list[Day]) -> Day | None:
    """The day that is asked for, or the first with an opening."""
    asked = next((day for day in days if day.on == choices.day), None)
    return asked or next((day for day in days if day.openings), days[0] if days else None)


def _openings(choices: Choices, on: date) -> list[Opening]:
    if choices.kind is None:
        return []
    return openings.of_day(choices.desk, [choices.doctor], choices.kind, on)
