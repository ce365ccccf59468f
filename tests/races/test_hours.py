"""A doctor's hours change while somebody books within them. Neither passes the other unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Doctor, WorkingHours
from app.scheduling import caps, refusals, timetable
from app.scheduling.hits import Unanswered
from app.transaction import transactional
from tests.builders import tomorrow_at
from tests.races import mutants
from tests.races.people import Practice, the
from tests.races.racing import PATIENCE, Crowd, Gate

A_MOMENT = 0.3  # seconds; enough to see that somebody waits


@transactional
def stop_working(doctor: int, gate: Gate | None = None) -> int:
    """Take away all hours of a doctor; how many appointments that leaves without hours."""
    rows = db.session.scalars(select(WorkingHours).where(WorkingHours.doctor_id == doctor))
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    hit = select(func.count()).where(Appointment.doctor_id == doctor)
    count = db.session.scalar(hit) or 0
    if gate is not None:
        gate.wait()
    return count


def hours_first(app: Flask, patience: float) -> Any:
    """What somebody gets who books while a change of hours is about to commit."""
    practice = Practice(app, patients=1)
    wanted, gate = tick_of(tomorrow_at("10:30")), Gate()
    with Crowd(app, 2) as crowd:
        changing = crowd.send(lambda: stop_working(practice.doctor_id, gate))
        assert gate.reached.wait(PATIENCE)
        holding = crowd.send(lambda: practice.hold(practice.patients[0], wanted))
        _wait_for(holding, patience)
        gate.open()
        changing.result()
        return holding.result()


def empty_the_week(doctor: int) -> None:
    """The same as a doctor does it, who has not been asked about anybody yet."""
    row = the(Doctor, doctor)
    timetable.save(row, [], row.user, version=row.version)


def booking_first(
    app: Flask,
    patience: float,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[int], Any] = stop_working,
) -> Any:
    """What comes of a change of hours that meets a booking which is about to commit."""
    practice = Practice(app, patients=1)
    wanted, gate, check = tick_of(tomorrow_at("10:30")), Gate(), caps.check_holds

    def slowly(*args: Any) -> None:
        check(*args)
        gate.wait()

    monkeypatch.setattr(caps, "check_holds", slowly)
    with Crowd(app, 2) as crowd:
        holding = crowd.send(lambda: practice.hold(practice.patients[0], wanted).ref)
        assert gate.reached.wait(PATIENCE)
        changing = crowd.send(lambda: change(practice.doctor_id))
        _wait_for(changing, patience)
        gate.open()
        assert isinstance(holding.result(), str)
        return changing.result()


def _wait_for(going: Any, patience: float) -> None:
    try:
        going.result(patience)
    except TimeoutError:
        return


def test_a_booking_waits_for_a_change_of_hours_and_obeys_it(clinic: Flask) -> None:
    assert isinstance(hours_first(clinic, A_MOMENT), refusals.OutsideHours)


def test_a_change_of_hours_waits_for_a_booking_and_sees_it(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert booking_first(clinic, A_MOMENT, monkeypatch) == 1


def test_a_doctor_who_empties_the_week_is_asked_about_a_booking_of_that_moment(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = booking_first(clinic, A_MOMENT, monkeypatch, empty_the_week)
    assert isinstance(asked, Unanswered)
    assert len(asked.hits) == 1


def test_the_question_notices_a_missing_lock(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.no_revision_lock(monkeypatch)
    assert booking_first(mutant_on_mariadb, PATIENCE, monkeypatch, empty_the_week) is None


def test_hours_first_notices_a_missing_lock(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.no_revision_lock(monkeypatch)
    assert isinstance(hours_first(mutant_on_mariadb, PATIENCE), Appointment)


def test_booking_first_notices_a_missing_lock(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.no_revision_lock(monkeypatch)
    assert booking_first(mutant_on_mariadb, PATIENCE, monkeypatch) == 0
