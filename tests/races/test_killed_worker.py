"""A worker is killed in the middle of a booking. The database knows the whole of it, or nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from flask import Flask

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Claim, OutboxMessage
from app.models import AppointmentStatus as Status
from app.scheduling import holds
from app.scheduling.soundness import count_faults
from config import ROOT
from tests.builders import tomorrow_at
from tests.races.people import Practice, confirm, holder_of
from tests.races.worker import STOPS_OF_A_BOOKING, STOPS_OF_A_HOLD

WANTED = "10:30"


def killed_at(point: str, app: Flask, practice: Practice) -> None:
    """Let a worker book until it comes to a point, and kill it there."""
    config = app.config["DOCKET"]
    booking = [config.database_url, str(config.instance), point, str(practice.patients[0])]
    booking += [practice.doctor_ref, practice.visit_types[0], str(tick_of(tomorrow_at(WANTED)))]
    command = [sys.executable, "-m", "tests.races.worker", *booking]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        reached = worker.stdout.readline()
        worker.kill()
    assert reached == "here\n"


def rows(kind: type) -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(db.select(kind)))


@pytest.mark.parametrize("point", STOPS_OF_A_HOLD)
def test_a_worker_killed_while_holding_leaves_nothing(clinic: Flask, point: str) -> None:
    practice = Practice(clinic, patients=2)
    killed_at(point, clinic, practice)
    with clinic.app_context():
        assert rows(Appointment) == []
        assert rows(Claim) == []
        assert practice.book(practice.patients[1], tick_of(tomorrow_at(WANTED)))


@pytest.mark.parametrize("point", STOPS_OF_A_BOOKING)
def test_a_worker_killed_while_booking_leaves_the_hold(clinic: Flask, point: str) -> None:
    practice = Practice(clinic, patients=1)
    patient = practice.patients[0]
    killed_at(point, clinic, practice)
    with clinic.app_context():
        held = rows(Appointment)[0]
        assert held.status is Status.HELD
        assert rows(OutboxMessage) == []
        assert count_faults().none
        assert confirm(patient, held.ref).status is Status.CONFIRMED


def test_a_worker_killed_after_the_commit_has_booked_and_the_same_form_says_so(
    clinic: Flask,
) -> None:
    practice = Practice(clinic, patients=1)
    patient = practice.patients[0]
    killed_at("after all", clinic, practice)
    with clinic.app_context():
        (booked,) = rows(Appointment)
        assert booked.status is Status.CONFIRMED
        assert len(rows(OutboxMessage)) == 1
        assert confirm(patient, booked.ref).id == booked.id
        again = holds.hold(
            holder_of(patient),
            practice.doctor_ref,
            practice.visit_types[0],
            tick_of(tomorrow_at(WANTED)),
            "the form's key",
        )
        assert again.id == booked.id
