"""Floors: for each doctor a tick before which there is no opening, of whatever visit type.

They let the search take doctors in order of the earliest they could possibly have, and stop as
soon as it has enough: exact, however stale a floor is, because a floor is only ever too low. Who
frees time lowers the floor in the same transaction; the worker raises it afterwards.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError

from app.directory.facts import DoctorFacts
from app.extensions import db
from app.models import OpeningFloor
from app.scheduling import agenda, nearby, openings
from app.scheduling.agenda import LONGEST_BUFFER_TICKS, LONGEST_VISIT_TICKS
from app.scheduling.availability import positions
from app.scheduling.days import TICKS_A_DAY
from app.scheduling.openings import Desk
from app.transaction import Overtaken, rows_changed, transactional

RAISE_EVERY = timedelta(minutes=5)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def known(desk: Desk) -> dict[int, int]:
    """The floor of each doctor that has one at this revision."""
    query = select(OpeningFloor.doctor_id, OpeningFloor.tick).where(
        OpeningFloor.revision == desk.revision
    )
    return dict(db.session.execute(query).all())


def floor_of(desk: Desk, doctor: DoctorFacts) -> int:
    """A tick before which the doctor can have no opening of any visit type unless time is freed.

    Holds count as free, because they end without anybody saying so.
    """
    start = desk.first_tick
    for first_day, last_day in nearby.stretches(desk, start):
        shape = agenda.shapes(desk.revision, (doctor.id,), first_day, last_day)[doctor.id]
        busy = agenda.busy([doctor.id], shape.window, None).get(doctor.id, 0)
        firsts = [
            shape.window.first + next(positions(starts))
            for visit_type in doctor.visit_types
            for place in shape.places
            if (starts := openings.starts_in(desk, place, shape.window, busy, visit_type))
        ]
        if firsts:
            return min(firsts)
    # The horizon moves on by itself, so its end is all that can be promised.
    return start + (desk.settings.horizon_days - 1) * TICKS_A_DAY


def lower(doctor_id: int, tick: int) -> None:
    """Say, in the transaction that frees it, that time of a doctor has become free from `tick`.

    A long visit, and the buffer before the next one, may begin well before the time that it needed.
    """
    tick -= LONGEST_VISIT_TICKS + LONGEST_BUFFER_TICKS
    rows_changed(
        update(OpeningFloor)
        .where(OpeningFloor.doctor_id == doctor_id)
        .values(
            tick=case((OpeningFloor.tick < tick, OpeningFloor.tick), else_=tick),
            version=OpeningFloor.version + 1,
        )
    )


def stale(desk: Desk, at_most: int) -> list[DoctorFacts]:
    """Doctors whose floor is worth raising: none yet, of another revision, or not lately."""
    lately = select(OpeningFloor.doctor_id).where(
        OpeningFloor.revision == desk.revision, OpeningFloor.raised_at > desk.at - RAISE_EVERY
    )
    have = set(db.session.scalars(lately))
    return [doctor for doctor in desk.catalogue.doctors if doctor.id not in have][:at_most]


def raise_for(doctor: DoctorFacts) -> bool:
    """Compute a doctor's floor and store it, unless time was freed meanwhile; whether it was."""
    _lay(doctor)
    return _raise(doctor)


@transactional
def _lay(doctor: DoctorFacts) -> None:
    """Make the row, at no height, before anything is computed: who frees time while there is no
    row would leave no mark."""
    if db.session.get(OpeningFloor, doctor.id) is not None:
        return
    db.session.add(OpeningFloor(doctor_id=doctor.id, tick=0, revision=0, raised_at=LONG_AGO))
    try:
        db.session.flush()
    except IntegrityError as fault:  # another worker has just made it
        raise Overtaken from fault


@transactional
def _raise(doctor: DoctorFacts) -> bool:
    row = db.session.get_one(OpeningFloor, doctor.id)
    desk = openings.desk()
    values = {
        "tick": floor_of(desk, doctor),
        "revision": desk.revision,
        "raised_at": desk.at,
    }
    changed = rows_changed(
        update(OpeningFloor)
        .where(OpeningFloor.doctor_id == doctor.id, OpeningFloor.version == row.version)
        .values(**values)
    )
    return changed == 1
