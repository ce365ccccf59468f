"""Time off and extra hours: what is to come, and forms for more of it. Whatever is deleted can be
brought back; whatever hits somebody's visit asks first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, flash, make_response, render_template, request

from app.clock import tick_of
from app.doctor import bp
from app.doctor.time_off_forms import ExceptionForm, ExtraHoursForm, TimeOffForm
from app.doctor.whose import address_of, doctor_at_hand
from app.formats import long_day
from app.htmx import see_other
from app.inputs import a_number
from app.models import Doctor, HoursException, Role
from app.scheduling import time_off as exceptions
from app.scheduling import timetable
from app.scheduling.days import ONE_DAY, local_day
from app.scheduling.hits import Answer, Unanswered
from app.scheduling.wishes import Faulty, Wish
from app.security import me, only

LARGEST_ID = 2_000_000_000
OFF, EXTRA = "off", "extra"


@dataclass(frozen=True, slots=True)
class Question:
    """What a change has to ask before it is made. `about` is the form that it stands in: that of
    time off, that of extra hours, or its own, which goes to an `action`."""

    about: str
    asked: Unanswered
    answer: Answer
    action: str = ""
    which: str = ""


@bp.get("/board/time-off/")
@only(Role.DOCTOR, Role.ADMIN)
def time_off() -> Response:
    """What is to come; admins choose whose."""
    return _page(doctor_at_hand())


@bp.post("/board/time-off/")
@only(Role.DOCTOR, Role.ADMIN)
def time_off_now() -> Response:
    """Take time off, once or every week for a while."""
    doctor = doctor_at_hand()
    form = TimeOffForm(prefix=OFF)
    zone = exceptions.zone_of(doctor)
    return _added(doctor, OFF, form, lambda: form.wish(zone), "The time off is saved.")


@bp.post("/board/time-off/extra/")
@only(Role.DOCTOR, Role.ADMIN)
def extra_hours_now() -> Response:
    """Work more, once or every week for a while."""
    doctor = doctor_at_hand()
    form = ExtraHoursForm(prefix=EXTRA)
    form.choose_among(timetable.places())
    return _added(doctor, EXTRA, form, form.wish, "The extra hours are saved.")


@bp.post("/board/time-off/<number>/delete/")
@only(Role.DOCTOR, Role.ADMIN)
def delete_time_off(number: str) -> Response:
    """Take one exception back, or the rest of its series."""
    doctor = doctor_at_hand()
    exception = a_number(number, 1, LARGEST_ID) or abort(404)
    which, answer = request.form.get("which", "one"), Answer.of(request.form)
    try:
        removal = exceptions.remove(doctor, exception, me(), whole=which == "series", answer=answer)
    except Unanswered as unanswered:
        action = address_of(doctor, "doctor.delete_time_off", number=number)
        return _page(
            doctor,
            unanswered.status,
            question=Question("delete", unanswered, answer, action, which),
        )
    except exceptions.Gone as gone:  # a second click, or somebody else was faster
        flash(gone.sentence, "info")
        return see_other(address_of(doctor, "doctor.time_off"))
    return see_other(address_of(doctor, "doctor.time_off", deleted=removal))


@bp.post("/board/time-off/<number>/undo/")
@only(Role.DOCTOR, Role.ADMIN)
def undo_time_off(number: str) -> Response:
    """Bring back what was deleted under that number."""
    doctor = doctor_at_hand()
    exception = a_number(number, 1, LARGEST_ID) or abort(404)
    answer = Answer.of(request.form)
    try:
        exceptions.restore(doctor, exception, me(), answer=answer)
    except Unanswered as unanswered:
        action = address_of(doctor, "doctor.undo_time_off", number=number)
        return _page(
            doctor, unanswered.status, question=Question("undo", unanswered, answer, action)
        )
    flash("It is back.", "success")
    return see_other(address_of(doctor, "doctor.time_off"))


def in_words(row: HoursException, zone: ZoneInfo) -> str:
    """`Tuesday 24 November, 13:00 to 17:00`; whole days as days."""
    begin, end = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
    first, last = begin.date(), end.date()
    ends_with_a_day = tick_of(row.ends_at) == local_day(last - ONE_DAY, zone).last
    if ends_with_a_day:
        last -= ONE_DAY
    if ends_with_a_day and tick_of(row.starts_at) == local_day(first, zone).first:
        return long_day(first) + (f" to {long_day(last)}" if last != first else "")
    until = "midnight" if ends_with_a_day else f"{end:%H:%M}"
    if first == last:
        return f"{long_day(first)}, {begin:%H:%M} to {until}"
    return f"{long_day(first)}, {begin:%H:%M} to {long_day(last)}, {until}"


def _added(
    doctor: Doctor, about: str, form: ExceptionForm, wish: Callable[[], Wish], done: str
) -> Response:
    forms: dict[str, Any] = {about: form}
    if not form.validate_on_submit():
        return _page(doctor, 422, **forms)
    answer = Answer.of(request.form)
    try:
        exceptions.add(doctor, wish(), me(), answer=answer)
    except Faulty as faulty:
        form.refuse(faulty)
        return _page(doctor, faulty.status, **forms)
    except Unanswered as unanswered:
        question = Question(about, unanswered, answer)
        return _page(doctor, unanswered.status, question=question, **forms)
    flash(done, "success")
    return see_other(address_of(doctor, "doctor.time_off"))


def _page(
    doctor: Doctor,
    status: int = 200,
    *,
    off: TimeOffForm | None = None,
    extra: ExtraHoursForm | None = None,
    question: Question | None = None,
) -> Response:
    places = timetable.places()
    if extra is None:
        extra = ExtraHoursForm(formdata=None, prefix=EXTRA)
        extra.choose_among(places)
    deleted = a_number(request.args.get("deleted"), 1, LARGEST_ID)
    is_undoable = deleted is not None and exceptions.may_restore(doctor, deleted)
    page = render_template(
        "doctor/time_off.html",
        doctor=doctor,
        in_words=in_words,
        entries=exceptions.coming(doctor),
        zone=exceptions.zone_of(doctor),
        has_several_zones=len({place.zone for place in places}) > 1,
        off=off or TimeOffForm(formdata=None, prefix=OFF),
        extra=extra,
        question=question,
        deleted=deleted if is_undoable else None,
        is_own=me().role is Role.DOCTOR,
        address=lambda endpoint, **more: address_of(doctor, endpoint, **more),
    )
    return make_response(page, status)
