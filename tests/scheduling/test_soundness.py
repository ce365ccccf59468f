"""The sweep finds nothing in a sound clinic, and each kind of fault that is put into it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app.clock import tick_of
from app.models import Appointment, Claim
from app.models import AppointmentStatus as Status
from app.scheduling import claims
from app.scheduling.changes import cancel
from app.scheduling.moves import Actor
from app.scheduling.soundness import Faults, count_faults
from app.transaction import rows_changed, transactional
from tests.builders import a_doctor, a_patient, a_visit_type, booked, policy, tomorrow_at


@pytest.fixture
def visits(database: Flask, frozen_clock):
    """Two visits of one patient, half an hour each with buffers, in a clinic of two doctors."""
    with database.app_context():
        policy(open_bookings_per_doctor=10)
        kind = a_visit_type(minutes=30, step=5, buffer_before=5, buffer_after=10)
        doctor, patient = a_doctor(visit_types=[kind]), a_patient()
        yield [booked(patient, doctor, tomorrow_at(time)) for time in ("10:00", "11:00")]


@transactional
def run(statement) -> None:
    rows_changed(statement)


def test_a_sound_clinic_has_no_faults(visits) -> None:
    cancel(visits[0], Actor.of(visits[0].patient.user), "", version=visits[0].version)
    assert count_faults() == Faults()
    assert count_faults().none


def test_visits_that_overlap_are_counted_as_pairs_for_doctor_and_patient(visits) -> None:
    first, second = visits
    run(
        update(Appointment)
        .where(Appointment.id == second.id)
        .values(
            starts_at=first.starts_at,
            ends_at=first.ends_at,
            busy_from_tick=first.busy_until_tick - 1,
            busy_until_tick=first.busy_until_tick + 6,
        )
    )
    found = count_faults()
    assert (found.overlapping, found.overlapping_for_patients) == (1, 1)


def test_visits_that_only_touch_do_not_overlap(visits) -> None:
    first, second = visits
    run(
        update(Appointment)
        .where(Appointment.id == second.id)
        .values(busy_from_tick=first.busy_until_tick, busy_until_tick=first.busy_until_tick + 9)
    )
    assert count_faults().overlapping == 0


def test_a_visit_that_lacks_one_claim_is_missed(visits) -> None:
    tick = tick_of(visits[0].starts_at)
    calendar = visits[0].patient.calendar_id
    run(delete(Claim).where(Claim.calendar_id == calendar, Claim.tick == tick))
    assert count_faults() == Faults(missing=1)


def test_claims_of_a_cancelled_visit_are_orphans(visits) -> None:
    run(update(Appointment).where(Appointment.id == visits[0].id).values(status=Status.CANCELLED))
    assert count_faults() == Faults(orphaned=9 + 6)


def test_a_claim_outside_of_its_visit_is_an_orphan(visits) -> None:
    first = visits[0]
    run(
        update(Claim)
        .where(Claim.calendar_id == first.doctor.calendar_id, Claim.tick == first.busy_from_tick)
        .values(tick=first.busy_from_tick - 100)
    )
    assert count_faults() == Faults(missing=1, orphaned=1)


def test_claims_that_were_purged_after_the_visit_are_not_missed(visits, frozen_clock) -> None:
    start = visits[0].starts_at
    frozen_clock.advance(days=3)
    assert claims.purge(until=start + timedelta(hours=2), since=start) > 0
    assert count_faults().none
