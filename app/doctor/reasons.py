"""Why a time can be booked or not, in sentences for the doctor and the clinic's admins."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from app.clinic.settings import ClinicSettings
from app.directory.facts import VisitTypeFacts
from app.formats import clock_time, minutes
from app.models import Appointment
from app.scheduling.why import Reason, Why

THEN = {
    Reason.OUTSIDE_HOURS: "working hours end",
    Reason.TIME_OFF: "time off begins",
    Reason.CLOSED: "the location closes",
    Reason.TAKEN: "the next visit begins",
    Reason.HELD: "a held time begins",
    Reason.BUFFER: "the time around the next visit begins",
    Reason.OTHER_TYPES: "hours for other visit types begin",
}


PLAIN = {
    Reason.BOOKABLE: "Can be booked.",
    Reason.PAST: "This time has passed.",
    Reason.OUTSIDE_HOURS: "Outside working hours.",
    Reason.OTHER_TYPES: "These hours are for other visit types.",
}


def sentence(why: Why, kind: VisitTypeFacts, zone: ZoneInfo, policy: ClinicSettings) -> str:
    """One reason with its facts; times are on the wall of `zone`."""
    return (
        PLAIN.get(why.reason) or _of_what_is_there(why, zone) or _of_length(why, kind, zone, policy)
    )


def _of_what_is_there(why: Why, zone: ZoneInfo) -> str | None:
    match why.reason:
        case Reason.TIME_OFF:
            return _noted("Time off", why.note)
        case Reason.CLOSED:
            place = why.location.name if why.location else "The location"
            return _noted(f"{place} is closed", why.note)
        case Reason.TAKEN:
            return f"Taken by the visit of {_whose(why.visit, zone)}."
        case Reason.HELD:
            until = _until(why, zone)
            return f"Held until {until}. If nobody books it by then, it is free again."
        case Reason.BUFFER:
            return f"Kept free around the visit of {_whose(why.visit, zone)}."
        case _:
            return None


def _of_length(why: Why, kind: VisitTypeFacts, zone: ZoneInfo, policy: ClinicSettings) -> str:
    until = _until(why, zone)
    match why.reason:
        case Reason.NOTICE:
            notice = minutes(policy.minimum_notice_minutes)
            return f"Too soon: visits are booked at least {notice} ahead."
        case Reason.HORIZON:
            return f"Too far ahead: visits are booked up to {policy.horizon_days} days ahead."
        case Reason.OFF_GRID:
            return f"These visits start every {minutes(kind.step)}; the next start is {until}."
        case Reason.NO_ROOM_AFTER:
            after = minutes(kind.buffer_after)
            return f"Too short before the next one: {after} are kept free after the visit."
        case Reason.NO_ROOM_BEFORE:
            before = minutes(kind.buffer_before)
            return f"Too close to the one before: {before} are kept free before the visit."
        case _:
            what = _noted(THEN[why.then] if why.then else "the free time ends", why.note)
            return f"Too short: the visit takes {minutes(kind.minutes)}, and at {until} {what}"


def _until(why: Why, zone: ZoneInfo) -> str:
    return clock_time(why.until, zone) if why.until else ""


def _noted(words: str, note: str) -> str:
    return f"{words}: {note.rstrip('.')}." if note else f"{words}."


def _whose(visit: Appointment | None, zone: ZoneInfo) -> str:
    if visit is None:
        return "somebody else"
    name = visit.patient.name if visit.patient else "somebody"
    return f"{name} at {clock_time(visit.starts_at, zone)}"
