"""A follow-up of a finished visit: three openings near the wished date, one tap to book."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Response, request

from app.clock import tick_of
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.doctor import bp
from app.doctor.booking import booked
from app.doctor.desk import KEY_LENGTHS, new_key
from app.doctor.visit import visit_of
from app.errors import ClinicError
from app.htmx import respond
from app.inputs import a_day, a_number, a_tick
from app.models import Appointment, Role
from app.models import AppointmentStatus as Status
from app.scheduling import openings, staff_bookings
from app.scheduling.refusals import NotBookable, NotNow
from app.scheduling.staff_bookings import Wanted
from app.security import me, only

WEEKS = (1, 2, 4, 12)
USUAL_WEEKS = 2


@bp.get("/board/visit/<ref>/follow-up/")
@only(Role.DOCTOR, Role.ADMIN)
def follow_up(ref: str) -> Response:
    """The openings nearest to a date some weeks ahead."""
    return _page(_finished(ref))


@bp.post("/board/visit/<ref>/follow-up/")
@only(Role.DOCTOR, Role.ADMIN)
def follow_up_now(ref: str) -> Response:
    """Book one of them for the same patient."""
    visit = _finished(ref)
    tick, key = a_tick(request.form.get("at")), request.form.get("key", "")
    if visit.patient is None or tick is None or len(key) not in KEY_LENGTHS:
        return _page(visit, 422, "Choose one of the times on the page.")
    wanted = Wanted(visit.doctor.ref, request.form.get("type", ""), tick, key)
    try:
        return booked(staff_bookings.book(me(), visit.patient, wanted))
    except ClinicError as refused:
        return _page(visit_of(ref), refused.status, refused.sentence)


def _finished(ref: str) -> Appointment:
    visit = visit_of(ref)
    if visit.status is not Status.COMPLETED:
        raise NotNow("A follow-up is booked once the visit is completed.")
    return visit


def _page(visit: Appointment, status: int = 200, refusal: str | None = None) -> Response:
    desk = openings.desk()
    doctor = desk.catalogue.by_id.get(visit.doctor_id)
    if doctor is None or not doctor.bookable_by_staff:
        raise NotBookable("Nothing can be booked with this doctor at present.")
    given = request.values
    today = desk.at.astimezone(visit.zone).date()
    weeks = a_number(given.get("weeks"), 1, 52) or USUAL_WEEKS
    asked = a_day(given.get("on"))
    wish = asked or today + timedelta(weeks=weeks)
    kind = _kind(doctor, visit, given.get("type", ""))
    found = staff_bookings.near(desk, doctor, kind, _tick(visit, max(wish, today)))
    horizon = today + timedelta(desk.settings.horizon_days)
    return respond(
        "doctor/follow_up.html",
        "doctor/_follow_up.html",
        status=status,
        visit=visit,
        kinds=doctor.bookable_by_staff,
        kind=kind,
        all_weeks=WEEKS,
        weeks=None if asked else weeks,
        wish=wish,
        today=today,
        horizon=horizon,
        is_beyond=wish > horizon,
        found=found,
        refusal=refusal,
        key=new_key(),
    )


def _kind(doctor: DoctorFacts, visit: Appointment, ref: str) -> VisitTypeFacts:
    """The visit type that is asked for, or the same again, or the shortest."""
    kinds = doctor.bookable_by_staff
    asked = next((kind for kind in kinds if kind.ref == ref), None)
    return asked or doctor.offers(visit.visit_type_id) or kinds[0]


def _tick(visit: Appointment, on: date) -> int:
    """The visit's own time of day, on another date."""
    return tick_of(datetime.combine(on, visit.starts_at.astimezone(visit.zone).time(), visit.zone))
