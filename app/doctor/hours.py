"""The doctor's weekly hours. Rows are added, removed and copied by plain submits; only saving
stores anything, and a change that hits somebody's visit asks first."""

from __future__ import annotations

from flask import Response, flash, request

from app import conflicts
from app.conflicts import Difference
from app.doctor import bp
from app.doctor.hours_form import HIGHEST, WEEKDAYS, Week
from app.doctor.whose import address_of, doctor_at_hand
from app.errors import ChangedMeanwhile
from app.htmx import respond, see_other
from app.inputs import a_number, back
from app.models import Doctor, Role
from app.scheduling import timetable
from app.scheduling.hits import Answer, Unanswered
from app.scheduling.intervals import WEEKDAYS as WEEKDAY_NAMES
from app.scheduling.intervals import Interval
from app.scheduling.timetable import Choices
from app.security import me, only

LARGEST_VERSION = 1_000_000


@bp.get("/board/hours/")
@only(Role.DOCTOR, Role.ADMIN)
def hours() -> Response:
    """The week as it is stored; admins choose whose."""
    return _page(doctor_at_hand())


@bp.post("/board/hours/")
@only(Role.DOCTOR, Role.ADMIN)
def hours_now() -> Response:
    """Store the week, or only add, remove or copy some of its rows."""
    doctor = doctor_at_hand()
    choices = timetable.choices_of(doctor, timetable.of(doctor))
    week = Week.sent(request.form, choices)
    if _has_rearranged(week):
        return _page(doctor, week, version=_version())
    wanted = _read(week, doctor, choices)
    if week.errors:
        return _page(doctor, week, 422, version=_version())
    answer = Answer.of(request.form)
    try:
        timetable.save(doctor, wanted, me(), version=_version(), answer=answer)
    except Unanswered as asked:
        more = {"asked": asked, "answer": answer}
        return _page(doctor, week, asked.status, version=_version(), **more)
    except ChangedMeanwhile as refused:
        return _page(doctor, week, refused.status, differing=_differing(doctor, week, choices))
    flash("The hours are saved.", "success")
    return see_other(back() or address_of(doctor, "doctor.hours"))


def _has_rearranged(week: Week) -> bool:
    """Whether a button was pressed that changes only what is on the page."""
    verb, _, number = request.form.get("do", "").partition("-")
    day = a_number(number, 1, 7)
    if verb == "add" and day is not None:
        week.add(day)
    elif verb == "remove":
        week.remove(a_number(number, 0, HIGHEST))
    elif verb == "copy" and day is not None:
        week.copy(day, [other for other in WEEKDAYS if f"copy_{day}_{other}" in request.form])
    else:
        return False
    return True


def _read(week: Week, doctor: Doctor, choices: Choices) -> list[Interval]:
    """What the rows say; what is wrong with them is put beside their fields."""
    read = week.read(choices)
    wanted = [interval for _, interval in read]
    for number, complaint in timetable.complaints_about(doctor, wanted).items():
        read[number][0].errors[complaint.field] = complaint.sentence
    return wanted


def _differing(doctor: Doctor, week: Week, choices: Choices) -> list[Difference]:
    """Day by day, where what is typed differs from what somebody else has stored."""
    stored, typed = timetable.in_words(timetable.of(doctor)), week.in_words(choices)
    return conflicts.differences(
        dict(zip(WEEKDAY_NAMES, WEEKDAY_NAMES, strict=True)),
        {day: "; ".join(words) for day, words in stored.items()},
        {day: "; ".join(words) for day, words in typed.items()},
    )


def _version() -> int:
    """The version that the page was made for; nonsense is one that nobody has seen."""
    return a_number(request.form.get("version"), 1, LARGEST_VERSION) or 0


def _page(
    doctor: Doctor,
    week: Week | None = None,
    status: int = 200,
    *,
    version: int | None = None,
    **context: object,
) -> Response:
    """The week as it is typed, or else as it is stored. `version` is the one that was seen first;
    without it the page is made for what is stored now."""
    stored = timetable.of(doctor)
    choices = timetable.choices_of(doctor, stored)
    return respond(
        "doctor/hours.html",
        "doctor/_hours.html",
        status=status,
        doctor=doctor,
        week=week or Week.of(stored),
        choices=choices,
        days=list(zip(WEEKDAYS, WEEKDAY_NAMES, strict=True)),
        version=doctor.version if version is None else version,
        is_own=me().role is Role.DOCTOR,
        has_several_zones=len({place.zone for place in choices.places}) > 1,
        address=lambda endpoint, **more: address_of(doctor, endpoint, **more),
        next=back(),
        **context,
    )
