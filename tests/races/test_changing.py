"""Two people change one appointment, or one moves to a time that another wants."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import transaction
from app.clock import tick_of
from app.errors import ClinicError
from app.models import Appointment
from app.models import AppointmentStatus as Status
from app.scheduling import changes, moves, refusals, visits
from app.scheduling.soundness import count_faults
from app.scheduling.visits import Step
from tests.builders import policy, tomorrow_at
from tests.races import mutants
from tests.races.people import (
    Practice,
    doctor_actor,
    number_of,
    open_appointments,
    patient_actor,
    the,
)
from tests.races.racing import Crowd, Gate, allowed, race, refused

ROUNDS = 8


def move(patient: int, number: int, tick: int, version: int) -> None:
    changes.move(the(Appointment, number), patient_actor(patient), tick, version=version)


def cancel(patient: int, number: int, version: int) -> None:
    changes.cancel(the(Appointment, number), patient_actor(patient), "", version=version)


def booked(app: Flask, practice: Practice, patient: int, tick: int) -> tuple[int, int]:
    with app.app_context():
        appointment = practice.book(patient, tick)
        return appointment.id, appointment.version


@pytest.fixture
def late(clinic: Flask) -> Flask:
    """Patients may change their visits until they begin."""

    with clinic.app_context():
        policy(cancel_cutoff_hours=0)
    return clinic


def test_of_a_move_and_a_booking_to_one_time_one_wins(late: Flask) -> None:
    practice = Practice(late, patients=2)
    mover, booker = practice.patients
    old, wanted = tick_of(tomorrow_at("09:00")), tick_of(tomorrow_at("13:00"))
    for n in range(ROUNDS):
        here, there = old + 6 * n, wanted + 6 * n
        number, version = booked(late, practice, mover, here)
        results = race(
            late,
            [
                partial(move, mover, number, there, version),
                partial(practice.book, booker, there),
            ],
        )
        assert len(allowed(results)) == 1, results
        with late.app_context():
            stands_at = tick_of(the(Appointment, number).starts_at)
            assert stands_at == (there if results[1] in refused(results) else here)
            for one in open_appointments():
                doctor = doctor_actor(practice.doctor_id)
                changes.cancel(one, doctor, "the next round", version=one.version)


def test_of_a_move_and_a_cancellation_one_wins(late: Flask) -> None:
    practice = Practice(late, patients=1)
    patient, first = practice.patients[0], tick_of(tomorrow_at("09:00"))
    for n in range(ROUNDS):
        number, version = booked(late, practice, patient, first + 6 * n)
        results = race(
            late,
            [
                partial(move, patient, number, first + 6 * n + 3, version),
                partial(cancel, patient, number, version),
            ],
        )
        assert len(allowed(results)) == 1, results
        assert isinstance(refused(results)[0], refusals.ChangedMeanwhile | refusals.NotNow)
        with late.app_context():
            if results[1] is None:
                assert the(Appointment, number).status is Status.CANCELLED
            else:
                now = the(Appointment, number)
                cancel(patient, number, now.version)
            assert count_faults().none


def two_screens(app: Flask) -> list[object]:
    """What two screens of one doctor get: one approves a request while the other declines it."""
    practice = Practice(app, patients=1, visit_types=[{"needs_approval": True}])
    number, version = booked(app, practice, practice.patients[0], tick_of(tomorrow_at("10:30")))

    def approve() -> None:
        actor = doctor_actor(practice.doctor_id)
        visits.take(the(Appointment, number), Step.APPROVE, actor, version=version)

    def decline() -> None:
        actor = doctor_actor(practice.doctor_id)
        visits.decline(the(Appointment, number), actor, "No.", version=version)

    return race(app, [approve, decline])


def test_of_two_screens_that_change_one_visit_one_wins(clinic: Flask) -> None:
    for _ in range(ROUNDS):
        results = two_screens(clinic)
        assert len(allowed(results)) == 1
        assert isinstance(refused(results)[0], refusals.ChangedMeanwhile)


def approve_while_declining(app: Flask, monkeypatch: pytest.MonkeyPatch) -> object:
    """What a screen gets that read a request before another declined it, and approves it after."""
    practice = Practice(app, patients=1, visit_types=[{"needs_approval": True}])
    number, version = booked(app, practice, practice.patients[0], tick_of(tomorrow_at("10:30")))
    gate = Gate()

    def slowly(*args, **kwargs) -> None:
        gate.wait()
        moves.move_on(*args, **kwargs)

    monkeypatch.setattr("app.scheduling.visits.move_on", slowly)

    def approve() -> None:
        actor = doctor_actor(practice.doctor_id)
        visits.take(the(Appointment, number), Step.APPROVE, actor, version=version)

    with Crowd(app, 1) as crowd:
        approving = crowd.send(approve)
        assert gate.reached.wait(10)
        with app.app_context():
            actor = doctor_actor(practice.doctor_id)
            visits.decline(the(Appointment, number), actor, "No.", version=version)
        gate.open()
        return approving.result()


def test_a_step_that_has_read_an_old_state_is_refused(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = approve_while_declining(mutant_on_mariadb, monkeypatch)
    assert isinstance(result, refusals.ChangedMeanwhile)
    with mutant_on_mariadb.app_context():
        assert count_faults().none


def test_the_old_state_notices_a_change_without_compare(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.set_without_compare(monkeypatch)
    assert approve_while_declining(mutant_on_mariadb, monkeypatch) is None
    with mutant_on_mariadb.app_context():
        assert count_faults().missing > 0


def test_a_storm_of_moves_needs_half_the_retries_at_most(
    late: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody changes places with everybody, which is what deadlocks are made of."""
    attempts: list[int] = []
    is_passing = transaction._is_passing

    def counted(fault: DBAPIError, attempt: int) -> bool:
        attempts.append(attempt)
        return is_passing(fault, attempt)

    monkeypatch.setattr(transaction, "_is_passing", counted)
    practice = Practice(late, patients=12)
    first = tick_of(tomorrow_at("09:00"))
    visits_of = [
        (patient, *booked(late, practice, patient, first + 6 * n))
        for n, patient in enumerate(practice.patients)
    ]

    def wander(patient: int, number: int, version: int) -> list[object]:
        results: list[object] = []
        for n in range(6):
            tick = first + 3 * ((number * 7 + n * 5) % 30)
            version = the(Appointment, number).version
            try:
                move(patient, number, tick, version)
                results.append(tick)
            except ClinicError as refusal:
                results.append(refusal)
        return results

    everybody = race(late, [partial(wander, *visit) for visit in visits_of])
    results = [result for own in everybody for result in own]
    assert allowed(results)
    assert all(isinstance(result, refusals.OpeningTaken) for result in refused(results))
    assert max(attempts, default=0) <= transaction.TRIES // 2
    with late.app_context():
        assert number_of(Status.CONFIRMED) == 12
