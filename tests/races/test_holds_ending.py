"""A hold runs out at the very moment in which it is booked."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask

from app.clock import now, tick_of
from app.models import Appointment
from app.models import AppointmentStatus as Status
from app.scheduling import caps, holds
from app.scheduling.soundness import count_faults
from tests.builders import tomorrow_at
from tests.conftest import FrozenClock
from tests.races import mutants
from tests.races.people import Practice, confirm, the
from tests.races.racing import PATIENCE, Crowd, Gate, allowed, race

AT_THE_DOOR = 0.3  # seconds; where one writer is let in at a time, the sweeper waits outside


def booked_at_the_last_moment(
    app: Flask, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """A booking begins just before its hold ends, and commits after the sweeper has found it.

    Answers with the number of the appointment and how many holds were swept.
    """
    practice = Practice(app, patients=1)
    patient = practice.patients[0]
    with app.app_context():
        held = practice.hold(patient, tick_of(tomorrow_at("10:30")))
        number, ref = held.id, held.ref
    clock.move_to(now() + timedelta(minutes=9, seconds=59))

    booking, sweeping = Gate(), Gate()
    check, expire = caps.check_bookings, holds._expire

    def checked_slowly(*args: Any) -> None:
        check(*args)
        booking.wait()

    def expired_slowly(appointment: Appointment) -> bool:
        sweeping.wait()
        return expire(appointment)

    with Crowd(app, 2) as crowd:
        monkeypatch.setattr(caps, "check_bookings", checked_slowly)
        booked = crowd.send(lambda: confirm(patient, ref).ref)
        assert booking.reached.wait(PATIENCE)
        clock.advance(seconds=2)
        monkeypatch.setattr(holds, "_expire", expired_slowly)
        swept = crowd.send(holds.sweep)
        sweeping.reached.wait(AT_THE_DOOR)
        booking.open()
        assert booked.result() == ref
        sweeping.open()
        return number, swept.result()


def test_a_booking_at_the_last_moment_survives_the_sweeper(
    clinic: Flask, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, swept = booked_at_the_last_moment(clinic, frozen_clock, monkeypatch)
    assert swept == 0
    with clinic.app_context():
        assert the(Appointment, number).status is Status.CONFIRMED
        assert count_faults().none


def test_the_last_moment_notices_a_sweeper_that_does_not_compare(
    mutant_on_mariadb: Flask, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.set_without_compare(monkeypatch)
    number, swept = booked_at_the_last_moment(mutant_on_mariadb, frozen_clock, monkeypatch)
    assert swept == 1
    with mutant_on_mariadb.app_context():
        assert the(Appointment, number).status is Status.EXPIRED


def test_two_sweepers_end_each_hold_once(clinic: Flask, frozen_clock: FrozenClock) -> None:
    practice = Practice(clinic, patients=12)
    first = tick_of(tomorrow_at("09:00"))
    with clinic.app_context():
        for n, patient in enumerate(practice.patients):
            practice.hold(patient, first + 6 * n)
    frozen_clock.advance(minutes=11)
    with Crowd(clinic, 3) as crowd:
        swept = [going.result() for going in [crowd.send(holds.sweep) for _ in range(3)]]
    assert sum(swept) == 12


def test_a_time_whose_hold_has_ended_goes_to_one_of_many_before_any_sweep(
    clinic: Flask, frozen_clock: FrozenClock
) -> None:
    practice = Practice(clinic, patients=20)
    wanted = tick_of(tomorrow_at("10:30"))
    with clinic.app_context():
        practice.hold(practice.patients[0], wanted)
    frozen_clock.advance(minutes=11)
    results = race(clinic, [partial(practice.book, one, wanted) for one in practice.patients[1:]])
    assert len(allowed(results)) == 1
