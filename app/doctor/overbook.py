"""The second step, without which nothing is overbooked: what stands in the way, and why anyway."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask import Response, request

from app.clock import tick_of
from app.doctor import bp, reasons
from app.doctor.booking import booked, times_page
from app.doctor.desk import Choices, calendar_of, new_key
from app.doctor.whose import zone_of
from app.errors import ClinicError
from app.htmx import respond, see_other
from app.inputs import a_day, a_tick, a_time
from app.models import Role
from app.scheduling import overbooking
from app.scheduling.overbooking import Clash, NoWord
from app.scheduling.refusals import NotBookable
from app.scheduling.staff_bookings import LONGEST_REASON
from app.security import me, only

WHOLE_DAY = 1440


@bp.get("/board/book/overbook/")
@only(Role.DOCTOR, Role.ADMIN)
def overbook() -> Response:
    """Say what a visit at this time would collide with."""
    known, given = calendar_of(request.args), request.args
    typed = _typed_tick(given.get("day", ""), given.get("time", ""), zone_of(*known))
    tick = a_tick(given.get("at")) or typed
    choices = Choices.read(*known, given.to_dict() | {"at": str(tick or "")})
    if choices.patient is None:
        return see_other(choices.address(at=None))
    if tick is None or choices.kind is None:
        sentence = "Write a time in steps of five minutes, like 09:05."
        return times_page(choices, status=422, refusal=sentence)
    try:
        found = overbooking.clash(choices.desk, choices.doctor, choices.kind, tick)
    except NotBookable as refused:
        return times_page(choices, status=refused.status, refusal=refused.sentence)
    return see_other(choices.address()) if found.is_open else _page(choices, found)


@bp.post("/board/book/overbook/")
@only(Role.DOCTOR, Role.ADMIN)
def overbook_now() -> Response:
    """Overbook what was seen to stand in the way, with a word why."""
    choices = Choices.of(request.form)
    wanted = choices.wanted(request.form.get("key", ""), request.form.get("reason", ""))
    if choices.patient is None or choices.kind is None or wanted is None:
        return see_other(choices.address(at=None))
    word, seen = request.form.get("word", ""), request.form.get("seen", "")
    too_long = f"Use at most {LONGEST_REASON} characters."
    try:
        if len(word) > LONGEST_REASON:
            raise NoWord(too_long)
        patient = choices.patient
        visit = overbooking.overbook(me(), patient, wanted, word, frozenset(seen.split()))
    except ClinicError as refused:
        return _refused(choices, wanted.tick, refused, word)
    return booked(visit)


def _refused(choices: Choices, tick: int, refused: ClinicError, word: str) -> Response:
    """The page again, with what was typed and what now stands in the way."""
    status, sentence = refused.status, refused.sentence
    try:
        if choices.kind is None:
            raise refused
        found = overbooking.clash(choices.desk, choices.doctor, choices.kind, tick)
    except ClinicError:
        return times_page(choices, status=status, refusal=sentence)
    if found.is_open:
        reason = request.form.get("reason", "")
        return times_page(choices, status=status, refusal=sentence, reason=reason)
    complaint = sentence if isinstance(refused, NoWord) else None
    refusal = None if complaint else sentence
    return _page(choices, found, status, word=word, complaint=complaint, refusal=refusal)


def _page(
    choices: Choices,
    found: Clash,
    status: int = 200,
    *,
    word: str = "",
    complaint: str | None = None,
    refusal: str | None = None,
) -> Response:
    zone, kind = found.opening.location.zone, found.opening.visit_type
    return respond(
        "doctor/book_overbook.html",
        "doctor/_overbook.html",
        status=status,
        choices=choices,
        found=found,
        zone=zone,
        why=reasons.sentence(found.why, kind, zone, choices.desk.settings),
        word=word,
        reason=request.form.get("reason", ""),
        complaint=complaint,
        refusal=refusal,
        key=new_key(),
    )


def _typed_tick(day: str, typed: str, zone: ZoneInfo) -> int | None:
    """A typed time of a day, if it is a whole tick and the wall of the zone shows it."""
    on, minute = a_day(day), a_time(typed)
    if on is None or minute is None or minute % 5 or minute >= WHOLE_DAY:
        return None
    return _tick(on, time(minute // 60, minute % 60), zone)


def _tick(on: date, at: time, zone: ZoneInfo) -> int | None:
    instant = datetime.combine(on, at, zone)
    shown = datetime.fromtimestamp(instant.timestamp(), zone)
    return tick_of(instant) if (shown.hour, shown.minute) == (at.hour, at.minute) else None
