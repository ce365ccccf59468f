"""Visits that a doctor or an admin books for a patient: confirmed at once, without an approval
and without the caps that bind patients. Nobody is ever in two places, though."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.clinic import audit
from app.clock import instant_of
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.errors import NotAllowed
from app.extensions import db
from app.formats import clock_time
from app.messaging import outbox
from app.models import Appointment, Patient, Role, User
from app.models import AppointmentStatus as Status
from app.scheduling import caps, claims, drafts, holds, openings, refusals
from app.scheduling.days import TICKS_A_DAY, date_of
from app.scheduling.moves import Actor, move_on
from app.scheduling.openings import Desk, Opening, length_of
from app.scheduling.states import OWNS_CLAIMS
from app.transaction import Overtaken, is_duplicate, transactional

LONGEST_REASON = holds.LONGEST_REASON
REACHES = (7, 28)  # days around a wished date that are looked at first


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visit is to be booked: the doctor and the visit type by their references, the start as
    a UTC tick. `key` is the form's own: sent twice, it books once."""

    doctor: str
    visit_type: str
    tick: int
    key: str
    reason: str = ""


@transactional
def book(actor: User, patient: Patient, wanted: Wanted) -> Appointment:
    """Book an opening for a patient. Raises NotAllowed, what `openings.require` raises, OwnOverlap
    and KeyUsedElsewhere."""
    desk = openings.desk(lock=True)
    doctor, kind = offered(desk, actor, wanted)
    earlier = begin(desk, actor, patient, doctor, wanted)
    if earlier is not None:
        return earlier
    try:
        opening = openings.require(desk, doctor, kind, wanted.tick)
    except refusals.OpeningTaken as taken:
        if _by_key(actor, wanted) is not None:  # by this very form, a moment ago
            raise Overtaken from taken
        raise
    appointment = add(desk, opening, actor, patient, wanted)
    return confirm(appointment, actor, patient)


def offered(desk: Desk, actor: User, wanted: Wanted) -> tuple[DoctorFacts, VisitTypeFacts]:
    """The doctor and the visit type that are wanted, on the doctor's terms. Raises NotBookable, and
    NotAllowed when the actor is neither this doctor nor an admin."""
    db.session.refresh(actor)
    doctor = desk.catalogue.doctor(wanted.doctor)
    is_own = actor.role is Role.DOCTOR and doctor is not None and doctor.user_id == actor.id
    if not actor.is_active or not (is_own or actor.role is Role.ADMIN):
        raise NotAllowed
    kinds = doctor.bookable_by_staff if doctor else ()
    kind = next((kind for kind in kinds if kind.ref == wanted.visit_type), None)
    if doctor is None or kind is None:
        raise refusals.NotBookable
    return doctor, kind


def begin(
    desk: Desk, actor: User, patient: Patient, doctor: DoctorFacts, wanted: Wanted
) -> Appointment | None:
    """Lock the patient, end holds that are over, and answer with what this form has booked before.
    Raises KeyUsedElsewhere, and NotBookable for an account that is closed."""
    caps.one_at_a_time(patient)
    if not patient.user.is_active:
        raise refusals.NotBookable("This account is closed, so nothing can be booked for it.")
    earlier = _by_key(actor, wanted)
    if earlier is not None:
        same = (earlier.doctor_id, earlier.patient_id, earlier.starts_at)
        if same != (doctor.id, patient.id, instant_of(wanted.tick)):
            raise refusals.KeyUsedElsewhere
        return earlier
    holds.end_expired(desk.at, doctor_id=doctor.id, patient_id=patient.id)
    return None


def add(desk: Desk, opening: Opening, actor: User, patient: Patient, wanted: Wanted) -> Appointment:
    """The appointment without its claims. Raises OwnOverlap when the patient is busy then."""
    _check_own_time(actor, patient, opening)
    key = _scoped(actor, wanted.key)
    appointment = drafts.held(desk, opening, patient.id, key)
    appointment.reason = wanted.reason.strip()[:LONGEST_REASON]
    db.session.add(appointment)
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "booking_key"):
            raise Overtaken from fault  # the same form twice at once
        raise
    return appointment


def confirm(appointment: Appointment, actor: User, patient: Patient) -> Appointment:
    """Claim the time, move the appointment on to confirmed, and tell the patient."""
    try:
        claims.take(appointment, appointment.doctor.calendar_id, patient.calendar_id)
    except refusals.OwnOverlap as overlap:
        raise refusals.OwnOverlap(_busy(patient)) from overlap
    held = {"status": Status.HELD.value}
    audit.record(actor, "appointment.held", appointment, name=appointment.ref, after=held)
    move_on(
        appointment,
        Status.CONFIRMED,
        Actor.of(actor),
        version=appointment.version,
        arranged_at=appointment.created_at,
        hold_expires_at=None,
    )
    outbox.appointment_booked(appointment)
    return appointment


def near(
    desk: Desk, doctor: DoctorFacts, kind: VisitTypeFacts, tick: int, how_many: int = 3
) -> Sequence[Opening]:
    """The openings nearest to a tick, in order of time, wherever they are up to the horizon."""
    horizon = desk.settings.horizon_days
    last = desk.first_tick + horizon * TICKS_A_DAY
    on = date_of(min(max(tick, desk.first_tick), last), desk.settings.zoneinfo)
    found: list[Opening] = []
    for reach in (*REACHES, horizon + 1):
        days = timedelta(reach)
        found = openings.between(desk, [doctor], kind, on - days, on + days)
        if len(found) >= how_many:
            break
    closest = sorted(found, key=lambda opening: abs(opening.tick - tick))[:how_many]
    return sorted(closest, key=lambda opening: opening.tick)


def _check_own_time(actor: User, patient: Patient, opening: Opening) -> None:
    """Say what the patient has then, as far as the actor may know of it."""
    first, last = opening.tick, opening.tick + length_of(opening.visit_type).ticks
    meeting = (
        select(Appointment)
        .where(
            Appointment.patient_id == patient.id,
            Appointment.status.in_(OWNS_CLAIMS),
            Appointment.starts_at < instant_of(last),
            Appointment.ends_at > instant_of(first),
        )
        .order_by(Appointment.starts_at)
    )
    other = db.session.scalars(meeting.limit(1)).first()
    if other is None:
        return
    if actor.role is not Role.ADMIN and other.doctor_id != opening.doctor.id:
        raise refusals.OwnOverlap(_busy(patient))
    begin, end = clock_time(other.starts_at, other.zone), clock_time(other.ends_at, other.zone)
    what = "is just holding a time" if other.status is Status.HELD else "has a visit"
    raise refusals.OwnOverlap(
        f"{patient.name} {what} with {other.doctor.name} from {begin} to {end}. "
        "Choose another time."
    )


def _busy(patient: Patient) -> str:
    return f"{patient.name} has another appointment at this time. Choose another one."


def _scoped(actor: User, key: str) -> str:
    return hashlib.sha256(f"staff:{actor.id}:{key}".encode()).hexdigest()


def _by_key(actor: User, wanted: Wanted) -> Appointment | None:
    known = select(Appointment).where(Appointment.booking_key == _scoped(actor, wanted.key))
    return db.session.scalars(known).first()
