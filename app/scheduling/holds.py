"""Holds: a time that is somebody's for ten minutes while they make up their mind.

A hold is an appointment with real claims. It belongs to a patient or, before they have signed in,
to a browser; each may hold one time. It ends by itself: whoever meets an expired hold may end it,
and the worker sweeps.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.clinic import audit
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, Claim, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import caps, claims, drafts, holders, openings, refusals, who_may_book
from app.scheduling.holders import Holder
from app.scheduling.moves import TIME, Actor, move_on
from app.scheduling.openings import Desk, Opening, length_of
from app.scheduling.states import Who
from app.transaction import Overtaken, is_duplicate, rows_changed, transactional

LONGEST_REASON = 500


def hold(
    holder: Holder, doctor_ref: str, visit_type_ref: str, tick: int, key: str, reason: str = ""
) -> Appointment:
    """Hold the opening at a UTC tick; the holder's earlier hold is given up in the same breath,
    and what was typed into it is kept unless there is a new `reason`.

    Holding again with the same `key` answers with the same hold. Raises NotBookable's children
    (OpeningTaken when somebody was faster), OverTheCap, TooManyHolds, KeyUsedElsewhere, and what
    `who_may_book.check` raises.
    """
    _refuse_early(holder, doctor_ref, visit_type_ref, tick, key)
    return _hold(holder, doctor_ref, visit_type_ref, tick, key, reason)


def _refuse_early(
    holder: Holder, doctor_ref: str, visit_type_ref: str, tick: int, key: str
) -> None:
    """Say no without a transaction to whoever comes too late, as most people do in a rush."""
    desk = openings.desk()
    doctor, visit_type = _offered(desk, holder, doctor_ref, visit_type_ref)
    try:
        openings.require(desk, doctor, visit_type, tick)
    except refusals.OpeningTaken as taken:
        # It may be taken by this very form, or by the hold that would be given up for it.
        if not holders.holds_or_knows(holder, holder.scoped(key)):
            raise _whose(holder, visit_type, tick) from taken


def _whose(holder: Holder, visit_type: VisitTypeFacts, tick: int) -> refusals.NotBookable:
    """The refusal of a time that is taken: by the patient's own visit, or by somebody else's."""
    if holder.patient is not None and is_busy(holder.patient, visit_type, tick):
        return refusals.OwnOverlap()
    return refusals.OpeningTaken()


def _offered(
    desk: Desk, holder: Holder, doctor_ref: str, visit_type_ref: str
) -> tuple[DoctorFacts, VisitTypeFacts]:
    doctor = desk.catalogue.doctor(doctor_ref)
    visit_type = doctor.visit_type(visit_type_ref) if doctor else None
    if doctor is not None and any(kind.ref == visit_type_ref for kind in doctor.for_staff):
        raise who_may_book.OnlyByStaff
    if doctor is None or visit_type is None:
        raise refusals.NotBookable
    if holder.patient is not None:
        who_may_book.check(holder.patient, doctor, visit_type)
    return doctor, visit_type


@transactional
def _hold(
    holder: Holder, doctor_ref: str, visit_type_ref: str, tick: int, key: str, reason: str
) -> Appointment:
    desk = openings.desk(lock=True)
    if holder.patient is not None:
        caps.one_at_a_time(holder.patient)
    stored_key = holder.scoped(key)
    earlier = holders.by_key(stored_key)
    if earlier is not None:
        return _same_hold(desk, earlier, doctor_ref, visit_type_ref, tick)
    doctor, visit_type = _offered(desk, holder, doctor_ref, visit_type_ref)
    for mine in holders.all_held_by(holder):
        reason = reason or mine.reason
        move_on(mine, Status.EXPIRED, Actor(holder.user, Who.PATIENT), version=mine.version)
    end_expired(desk.at, doctor_id=doctor.id)
    try:
        opening = openings.require(desk, doctor, visit_type, tick)
    except refusals.OpeningTaken as taken:
        if holders.by_key(stored_key) is not None:  # by this very form, a moment ago
            raise Overtaken from taken
        raise _whose(holder, visit_type, tick) from taken
    caps.check_holds(desk, holder.address, holder.patient)
    if holder.patient is not None:
        caps.check_bookings(desk, holder.patient, doctor)
    appointment = _new(desk, opening, holder, stored_key)
    appointment.reason = reason.strip()[:LONGEST_REASON]
    _store(appointment)
    claims.take(
        appointment, doctor.calendar_id, holder.patient.calendar_id if holder.patient else None
    )
    audit.record(
        holder.user,
        "appointment.held",
        appointment,
        name=appointment.ref,
        after={"status": Status.HELD.value},
    )
    return appointment


@transactional
def release(holder: Holder, ref: str) -> None:
    """Give a hold up; one that has ended, or is not the holder's, is left as it is."""
    for mine in holders.all_held_by(holder):
        if mine.ref == ref:
            move_on(mine, Status.EXPIRED, Actor(holder.user, Who.PATIENT), version=mine.version)


def give_up_others(holder: Holder, chosen: Appointment) -> None:
    """Give up, in the present transaction, whatever the holder holds beside `chosen`."""
    for mine in holders.all_held_by(holder):
        if mine.id != chosen.id:
            move_on(mine, Status.EXPIRED, Actor(holder.user, Who.PATIENT), version=mine.version)


@transactional
def prolong(holder: Holder, ref: str) -> None:
    """Let a hold last as long again, once: a second click adds nothing. Raises HoldEnded."""
    desk = openings.desk()
    appointment = db.session.scalars(holders.any_of(holder, ref)).one_or_none()
    if (
        appointment is None
        or appointment.status is not Status.HELD
        or is_over(appointment, desk.at)
    ):
        raise refusals.HoldEnded
    if not may_prolong(appointment):
        return
    changed = rows_changed(
        update(Appointment)
        .where(
            Appointment.id == appointment.id,
            Appointment.status == Status.HELD,
            Appointment.hold_expires_at == appointment.hold_expires_at,
        )
        .values(
            # Who is paying has longer than that already.
            hold_expires_at=max(
                appointment.hold_expires_at or desk.at, desk.at + desk.settings.hold
            ),
            hold_prolonged=True,
            version=Appointment.version + 1,
        )
    )
    if changed != 1:
        raise refusals.HoldEnded


def may_prolong(appointment: Appointment) -> bool:
    """Whether the hold has not been prolonged yet."""
    return appointment.status is Status.HELD and not appointment.hold_prolonged


@transactional
def note(holder: Holder, ref: str, reason: str) -> None:
    """Keep what was typed with the hold, while its holder goes to sign in."""
    appointment = db.session.scalars(holders.any_of(holder, ref)).one_or_none()
    if appointment is not None and appointment.status is Status.HELD:
        appointment.reason = reason.strip()[:LONGEST_REASON]


def is_busy(patient: Patient, visit_type: VisitTypeFacts, tick: int) -> bool:
    """Whether the patient's own time is taken during a visit that would start at `tick`."""
    ticks = range(tick, tick + length_of(visit_type).ticks)
    busy = select(Claim.tick).where(Claim.calendar_id == patient.calendar_id, Claim.tick.in_(ticks))
    return db.session.scalars(busy.limit(1)).first() is not None


@transactional
def sweep(at_most: int = 200) -> int:
    """End holds whose time has passed; how many."""
    past = (
        select(Appointment)
        .where(
            Appointment.status == Status.HELD,
            Appointment.hold_expires_at <= clock.database_now(),
        )
        .order_by(Appointment.id)
        .limit(at_most)
    )
    return sum(_expire(appointment) for appointment in db.session.scalars(past).all())


def end_expired(at: datetime, *, doctor_id: int = 0, patient_id: int = 0) -> None:
    """End, within the present transaction, the holds of a doctor's or a patient's calendar that
    were over at the instant `at`."""
    past = select(Appointment).where(
        or_(Appointment.doctor_id == doctor_id, Appointment.patient_id == patient_id),
        Appointment.status == Status.HELD,
        Appointment.hold_expires_at <= at,
    )
    for appointment in db.session.scalars(past.order_by(Appointment.id)).all():
        _expire(appointment)


def _expire(appointment: Appointment) -> bool:
    """End a hold by time; False when somebody moved it on meanwhile."""
    try:
        move_on(appointment, Status.EXPIRED, TIME, version=appointment.version)
    except refusals.ChangedMeanwhile:
        return False
    outbox.time_released(appointment)
    return True


def _same_hold(
    desk: Desk, earlier: Appointment, doctor_ref: str, visit_type_ref: str, tick: int
) -> Appointment:
    same = (
        earlier.doctor.ref == doctor_ref
        and earlier.visit_type.ref == visit_type_ref
        and earlier.starts_at == clock.instant_of(tick)
    )
    if not same:
        raise refusals.KeyUsedElsewhere
    if earlier.status in {Status.EXPIRED, Status.CANCELLED} or is_over(earlier, desk.at):
        raise refusals.HoldEnded
    return earlier


def is_over(appointment: Appointment, at: datetime) -> bool:
    """Whether this is a hold whose time has passed at the instant `at`."""
    ends = appointment.hold_expires_at
    return appointment.status is Status.HELD and ends is not None and ends <= at


def _new(desk: Desk, opening: Opening, holder: Holder, key: str) -> Appointment:
    patient_id = holder.patient.id if holder.patient else None
    appointment = drafts.held(desk, opening, patient_id, key)
    appointment.holder_hash = holder.browser_hash
    appointment.held_by_browser = None if holder.patient else holder.browser_hash
    appointment.holder_address = holder.address
    return appointment


def _store(appointment: Appointment) -> None:
    db.session.add(appointment)
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "booking_key", "held_by_browser"):
            raise Overtaken from fault  # the same form, or the same browser, twice at once
        raise
