"""Clinics of any size, written in bulk: doctors, patients, and appointments with their claims."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Table, insert

from app import clock, create_app
from app.clinic import revision
from app.clock import TICK, tick_of
from app.extensions import Base, db
from app.models import (
    Appointment,
    AppointmentStatus,
    Calendar,
    CalendarKind,
    Claim,
    Doctor,
    DoctorLanguage,
    Location,
    LoginSession,
    Patient,
    PaymentStatus,
    Role,
    Specialty,
    User,
    VisitMode,
    VisitType,
    WorkingHours,
)
from app.models.doctor import doctor_specialties, doctor_visit_types
from app.models.reference import new_ref
from app.scheduling import floors, openings
from config import Config

SPECIALTIES = ("Cardiology", "Dermatology", "General medicine", "Neurology", "Paediatrics")
MINUTES = (30, 10, 60)
VISIT = 6  # ticks: what the appointments in bulk take
A_DAY = 288
OPENS = 9 * 12  # UTC's nine o'clock, in ticks
VISITS_A_DAY = 8
DAYS_AHEAD = 40
AT_ONCE = 5000
SECRET = "a secret of the bench alone, long enough"  # noqa: S105

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a clinic holds. Appointments beyond what lies ahead lie in the past."""

    doctors: int
    appointments: int
    patients: int
    ahead_each: int = 25
    specialties: int = 5


def an_app(database_url: str, folder: str, **settings: Any) -> Flask:
    """Docket on a database of the bench, in this process."""
    given: dict[str, Any] = {"demo": False, "rate_limits": False, "secret_key": SECRET, **settings}
    return create_app(Config(instance=Path(folder), database_url=database_url, **given))


def build(app: Flask, size: Size) -> None:
    """Migrate an empty database and fill it; floors are raised as the worker would have."""
    with app.app_context():
        upgrade()
        with db.engine.begin() as connection:
            _check_references(connection, False)
            _write_catalogue(connection, size.doctors, size.specialties)
            _write_people(connection, size)
            for table, rows in _visits(size):
                _write(connection, table, rows)
            _check_references(connection, True)
        with db.engine.begin() as connection:
            for name in ("appointments", "claims", "doctors", "patients", "users"):
                table = "" if connection.dialect.name == "sqlite" else "TABLE"
                connection.exec_driver_sql(f"ANALYZE {table} {name}")
        revision.forget()  # this process has known another clinic at the same revision
        for doctor in floors.stale(openings.desk(), size.doctors):
            floors.raise_for(doctor)


def _check_references(connection: Connection, at_once: bool) -> None:
    """Whether each row is checked as it comes. Otherwise rows may come in any order."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA defer_foreign_keys = {int(not at_once)}")
    else:
        on = int(at_once)
        connection.exec_driver_sql(f"SET unique_checks = {on}, foreign_key_checks = {on}")


def sign_in_everybody(app: Flask, patients: int) -> list[str]:
    """Tokens of signed-in browsers, one for each of the first patients."""
    tokens = [secrets.token_urlsafe(32) for _ in range(patients)]
    now = clock.now()
    rows = (
        {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(),
            "user_id": number,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + timedelta(hours=12),
        }
        for number, token in enumerate(tokens, 1)
    )
    with app.app_context(), db.engine.begin() as connection:
        _write(connection, _table(LoginSession), rows)
    return tokens


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _write(connection: Connection, table: Table, rows: Iterator[Row]) -> None:
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(insert(table), some)


def _write_catalogue(connection: Connection, doctors: int, specialties: int) -> None:
    """The location, specialties, visit types, and what each doctor offers and when."""
    place = {"name": "Bench Street", "slug": "bench", "address": "1", "city": "B", "zone": "UTC"}
    connection.execute(insert(Location), [{"id": 1, **place}])
    connection.execute(
        insert(Specialty),
        [{"id": n, "name": name, "slug": f"s{n}"} for n, name in enumerate(SPECIALTIES, 1)],
    )
    connection.execute(
        insert(VisitType),
        [
            {"id": n, "name": f"Visit of {m} minutes", "minutes": m, "step": 10, "currency": "EUR"}
            for n, m in enumerate(MINUTES, 1)
        ],
    )
    numbers = range(1, doctors + 1)
    hours = {"location_id": 1, "starts_minute": 9 * 60, "ends_minute": 17 * 60}
    _write(
        connection,
        _table(WorkingHours),
        ({"doctor_id": n, "weekday": day, **hours} for n in numbers for day in range(1, 8)),
    )
    languages = _table(DoctorLanguage)
    _write(connection, languages, ({"doctor_id": n, "language": "en"} for n in numbers))
    _write(
        connection,
        doctor_specialties,
        ({"doctor_id": n, "specialty_id": n % specialties + 1} for n in numbers),
    )
    kinds = range(1, len(MINUTES) + 1)
    _write(
        connection,
        doctor_visit_types,
        ({"doctor_id": n, "visit_type_id": kind} for n in numbers for kind in kinds),
    )


def _write_people(connection: Connection, size: Size) -> None:
    """Users and calendars: patients first, from 1, then doctors."""
    patients, doctors = range(1, size.patients + 1), range(1, size.doctors + 1)
    offset, now = size.patients, clock.now()

    def user(number: int, role: Role) -> Row:
        email = f"{number}@example.org"
        person = {"id": number, "ref": new_ref(), "name": f"Person {number}", "role": role}
        return {**person, "email": email, "confirmed_email": email, "password_hash": "!"}

    _write(connection, _table(User), (user(n, Role.PATIENT) for n in patients))
    _write(connection, _table(User), (user(offset + n, Role.DOCTOR) for n in doctors))
    calendars = _table(Calendar)
    _write(connection, calendars, ({"id": n, "kind": CalendarKind.PATIENT} for n in patients))
    ids = (offset + n for n in doctors)
    _write(connection, calendars, ({"id": n, "kind": CalendarKind.DOCTOR} for n in ids))
    _write(
        connection, _table(Patient), ({"id": n, "user_id": n, "calendar_id": n} for n in patients)
    )
    published = {"is_published": True, "approved_at": now}
    whose = ({"user_id": offset + n, "calendar_id": offset + n} for n in doctors)
    rows = ({"id": n, "ref": new_ref(), **published, **own} for n, own in enumerate(whose, 1))
    _write(connection, _table(Doctor), rows)


def _visits(size: Size) -> Iterator[tuple[Table, Iterator[Row]]]:
    midnight = tick_of(clock.now()) // A_DAY * A_DAY
    each = size.appointments // size.doctors
    every = range(size.doctors * each)
    yield _table(Appointment), (_visit(size, midnight, each, n) for n in every)
    yield _table(Claim), (claim for n in every for claim in _claims(size, midnight, each, n))


def _start(size: Size, midnight: int, each: int, number: int) -> int:
    """The start of an appointment: a doctor's first ones lie ahead, the others before today."""
    place = number % each
    day, turn = divmod(place, VISITS_A_DAY)
    if place < min(size.ahead_each, each // 2):
        day, turn = 1 + place * DAYS_AHEAD // size.ahead_each, place % VISITS_A_DAY
        return midnight + day * A_DAY + OPENS + turn * 2 * VISIT
    return midnight - (day + 1) * A_DAY + OPENS + turn * 2 * VISIT


def _patient(size: Size, each: int, number: int) -> int:
    """At one time (one place in each doctor's row) every doctor sees somebody else."""
    doctor, place = divmod(number, each)
    return (doctor + place * 7) % size.patients + 1


def _visit(size: Size, midnight: int, each: int, number: int) -> Row:
    start = _start(size, midnight, each, number)
    ahead = start > midnight
    status = AppointmentStatus.CONFIRMED if ahead else AppointmentStatus.COMPLETED
    starts_at = clock.instant_of(start)
    return {
        "id": number + 1,
        "ref": new_ref(),
        "doctor_id": number // each + 1,
        "patient_id": _patient(size, each, number),
        "visit_type_id": 1,
        "location_id": 1,
        "status": status,
        "starts_at": starts_at,
        "ends_at": starts_at + VISIT * TICK,
        "busy_from_tick": start,
        "busy_until_tick": start + VISIT,
        "mode": VisitMode.IN_PERSON,
        "currency": "EUR",
        "payment_status": PaymentStatus.NONE,
        "reason": "",
        "cancel_reason": "",
        "created_at": min(starts_at, clock.now()) - timedelta(days=1),
    }


def _claims(size: Size, midnight: int, each: int, number: int) -> Iterator[Row]:
    start = _start(size, midnight, each, number)
    if start < midnight:
        return
    doctor, patient = size.patients + number // each + 1, _patient(size, each, number)
    for calendar in (doctor, patient):
        for tick in range(start, start + VISIT):
            yield {"calendar_id": calendar, "tick": tick, "appointment_id": number + 1}
