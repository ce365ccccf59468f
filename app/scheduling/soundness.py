"""Whether what is stored keeps the promise: no two visits overlap, and every visit that owns time
has its claims. Only reads; the figures are all zero unless something is broken."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import func, or_, select

from app import clock
from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Claim, Doctor, Patient
from app.scheduling.states import OWNS_CLAIMS

CLAIMS_KEPT = timedelta(days=1)
ROWS_AT_ONCE = 5000

Busy = tuple[int, int, int]  # whose, from which tick, until which tick


@dataclass(frozen=True, slots=True)
class Faults:
    """What a sweep found: pairs of visits that overlap in the doctor's time (`overlapping`) or in
    the patient's, visits that lack claims of their time (`missing`), and claims that no visit
    stands behind (`orphaned`)."""

    overlapping: int = 0
    overlapping_for_patients: int = 0
    missing: int = 0
    orphaned: int = 0

    @property
    def none(self) -> bool:
        return not any(astuple(self))


def count_faults() -> Faults:
    """Sweep all appointments for overlaps, and all claims for what they should be.

    Visits that staff overbooked on purpose count for their patient only. Claims of visits that
    started more than a day ago may have been purged, and are not missed.
    """
    since = db.session.scalars(select(clock.database_now())).one() - CLAIMS_KEPT
    missing, misplaced = _compare_claims(since)
    return Faults(
        overlapping=_pairs_that_overlap(_time_of_doctors()),
        overlapping_for_patients=_pairs_that_overlap(_time_of_patients()),
        missing=missing,
        orphaned=misplaced + _count_ownerless_claims(),
    )


def _pairs_that_overlap(visits: Iterable[Busy]) -> int:
    """How many pairs of one owner overlap, in visits ordered by owner and start."""
    pairs = 0
    for _, of_one in groupby(visits, key=lambda visit: visit[0]):
        ends: list[int] = []
        for _, begins, until in of_one:
            while ends and ends[0] <= begins:
                heapq.heappop(ends)
            pairs += len(ends)
            heapq.heappush(ends, until)
    return pairs


def _time_of_doctors() -> Iterable[Busy]:
    row = Appointment.__table__.c
    query = (
        select(row.doctor_id, row.busy_from_tick, row.busy_until_tick)
        .where(row.status.in_(OWNS_CLAIMS), row.is_overbooked.is_(False))
        .order_by(row.doctor_id, row.busy_from_tick)
    )
    return _streamed(query)


def _time_of_patients() -> Iterable[Busy]:
    row = Appointment.__table__.c
    query = (
        select(row.patient_id, row.starts_at, row.ends_at)
        .where(row.status.in_(OWNS_CLAIMS), row.patient_id.is_not(None))
        .order_by(row.patient_id, row.starts_at)
    )
    return ((owner, tick_of(begins), tick_of(until)) for owner, begins, until in _streamed(query))


def _compare_claims(since: datetime) -> tuple[int, int]:
    """How many visits that own their time, and start at or after an instant, lack claims of it;
    and how many claims they have on other ticks."""
    query = (
        select(
            Appointment.id,
            Appointment.busy_from_tick,
            Appointment.busy_until_tick,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.is_overbooked,
            Doctor.calendar_id,
            Patient.calendar_id,
            Claim.calendar_id,
            func.min(Claim.tick),
            func.max(Claim.tick),
            func.count(Claim.tick),
        )
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(Claim, Claim.appointment_id == Appointment.id)
        .where(Appointment.status.in_(OWNS_CLAIMS), Appointment.starts_at >= since)
        .group_by(Appointment.id, Doctor.calendar_id, Patient.calendar_id, Claim.calendar_id)
        .order_by(Appointment.id)
    )
    lacking = misplaced = 0
    for number, wanted in _suspects(query):
        claims = select(Claim.calendar_id, Claim.tick).where(Claim.appointment_id == number)
        found = {tuple(row) for row in db.session.execute(claims)}
        ticks = {(calendar, tick) for calendar, span in wanted.items() for tick in span}
        lacking += bool(ticks - found)
        misplaced += len(found - ticks)
    return lacking, misplaced


def _suspects(query: Any) -> list[tuple[int, dict[int, range]]]:
    """Visits whose claims differ from what they should be in number, first or last tick."""
    suspects = []
    for number, rows in groupby(_streamed(query), key=lambda row: row[0]):
        of_one = list(rows)
        wanted = _claims_wanted(*of_one[0][1:8])
        found = {row[8]: tuple(row[9:]) for row in of_one if row[8] is not None}
        if found != {whose: (span[0], span[-1], len(span)) for whose, span in wanted.items()}:
            suspects.append((number, wanted))
    return suspects


def _claims_wanted(
    busy_from: int,
    busy_until: int,
    starts_at: datetime,
    ends_at: datetime,
    is_overbooked: bool,
    doctor_calendar: int,
    patient_calendar: int | None,
) -> dict[int, range]:
    wanted = {} if is_overbooked else {doctor_calendar: range(busy_from, busy_until)}
    if patient_calendar is not None:
        wanted[patient_calendar] = range(tick_of(starts_at), tick_of(ends_at))
    return wanted


def _count_ownerless_claims() -> int:
    """Claims of appointments that own no time, or that do not exist."""
    query = (
        select(func.count())
        .select_from(Claim)
        .outerjoin(Appointment, Appointment.id == Claim.appointment_id)
        .where(or_(Appointment.id.is_(None), Appointment.status.not_in(OWNS_CLAIMS)))
    )
    return db.session.scalar(query) or 0


def _streamed(query: Any) -> Iterable[Any]:
    """The rows of a query, some thousands at a time, however many there are."""
    return db.session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
