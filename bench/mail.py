"""What mail costs: the row that a booking writes, and a worker that empties the outbox."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select

from app import clock
from app.extensions import db
from app.messaging import outbox
from app.messaging.worker import run_once
from app.models import Appointment, MessageKind, OutboxMessage, Patient, User
from app.models import AppointmentStatus as Status
from app.scheduling import bookings, holds, openings
from app.scheduling.holders import Holder
from app.worker import post_of
from bench.clinic import Size
from bench.serving import wait_until_open
from config import ROOT

SIZE = Size(doctors=80, appointments=4_000, patients=2_000)
DOCTORS = 40
ROUNDS = 600


@dataclass(frozen=True, slots=True)
class Share:
    """Median milliseconds of a booking (a hold and its confirmation) with the message's row, and
    of one without it."""

    with_row: float
    without: float

    @property
    def added(self) -> float:
        return self.with_row / self.without - 1


def share_of_the_row(app: Flask) -> Share:
    """Bookings with and without the row take turns, so that both meet the same machine."""
    times: dict[bool, list[float]] = {True: [], False: []}
    put = outbox.put
    with app.app_context():
        last = db.session.scalar(select(func.max(Patient.id))) or 0
        for n in range(ROUNDS):
            is_written = n % 4 in {0, 3}  # each is as often the first at its day
            outbox.put = put if is_written else _nothing  # type: ignore[assignment]
            try:
                took = _book(last - n, n)
            finally:
                outbox.put = put
            if n >= ROUNDS // 10:
                times[is_written].append(took)
    return Share(median(times[True]), median(times[False]))


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _book(patient_id: int, n: int) -> float:
    desk = openings.desk()
    doctor = desk.catalogue.doctors[n // 2 % DOCTORS]
    kind = doctor.visit_types[0]
    day = (desk.at + timedelta(days=20 + n // 2 // DOCTORS)).date()
    opening = openings.of_day(desk, [doctor], kind, day)[n % 2]
    patient = db.session.get_one(Patient, patient_id)
    holder = Holder(f"browser {n}", patient, f"address {n}")
    key = secrets.token_hex(8)
    begun = time.perf_counter()
    held = holds.hold(holder, doctor.ref, kind.ref, opening.tick, key)
    bookings.book(holder, patient, held.ref, "")
    return (time.perf_counter() - begun) * 1000


@dataclass(frozen=True, slots=True)
class Emptying:
    """So many messages left in so many seconds."""

    messages: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds


def emptying(app: Flask) -> Emptying:
    """One worker, confirmations with their calendar files, and a mail server beside it."""
    config = app.config["DOCKET"]
    with _sink(config.mail_port), app.app_context():
        _write_confirmations()
        sent, begun = 0, time.perf_counter()
        with post_of(config) as post:
            while some := run_once("the bench", post):
                sent += some
        return Emptying(sent, time.perf_counter() - begun)


def _write_confirmations() -> None:
    """One message for each visit that lies ahead, whatever waited before."""
    visits = db.session.execute(
        select(Appointment.id, User.id, User.email)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(User, User.id == Patient.user_id)
        .where(Appointment.status == Status.CONFIRMED, Appointment.starts_at > clock.now())
    ).all()
    rows = [
        {
            "kind": MessageKind.APPOINTMENT_CONFIRMED,
            "dedupe_key": f"bench:{number}",
            "recipient": email,
            "user_id": user_id,
            "appointment_id": number,
        }
        for number, user_id, email in visits
    ]
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(OutboxMessage.__table__.delete())
        connection.execute(insert(OutboxMessage), rows)


@contextmanager
def _sink(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.sink", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            wait_until_open(server, port)
            yield
        finally:
            server.terminate()
