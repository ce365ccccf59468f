"""What a test says instead of setting up rows: people, doctors and hours with good defaults."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from PIL import Image
from sqlalchemy import select, update

from app import clock
from app.accounts import passwords
from app.clinic import revision, settings
from app.clock import tick_of
from app.directory import portraits
from app.extensions import db
from app.models import (
    Appointment,
    Calendar,
    CalendarKind,
    Closure,
    Doctor,
    DoctorLanguage,
    Location,
    MessageAttachment,
    MessageKind,
    MessageState,
    OutboxMessage,
    Patient,
    Role,
    Specialty,
    User,
    VisitMode,
    VisitType,
    WorkingHours,
)
from app.models.doctor import doctor_visit_types
from app.scheduling import bookings, holds
from app.scheduling.holders import Holder
from app.transaction import transactional

PASSWORD = "a long enough pass phrase"
BERLIN = ZoneInfo("Europe/Berlin")
_numbers = itertools.count(1)


@cache
def _password_hash() -> str:
    """Hashing is slow on purpose; once is enough for everybody."""
    return passwords.hash_of(PASSWORD)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """An instant from wall-clock text: `at("2026-11-25 10:30")`."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


def tick(text: str, zone: ZoneInfo = BERLIN) -> int:
    return tick_of(at(text, zone))


@transactional
def a_user(role: Role = Role.PATIENT, name: str = "", email: str = "", **fields: object) -> User:
    number = next(_numbers)
    email = email or f"{role.value}{number}@example.org"
    user = User(
        name=name or f"{role.value.title()} {number}",
        email=email,
        confirmed_email=fields.pop("confirmed_email", email),
        role=role,
        password_hash=_password_hash(),
        **fields,
    )
    db.session.add(user)
    db.session.flush()
    return user


@transactional
def a_patient(name: str = "", email: str = "", **fields: object) -> Patient:
    user = a_user(Role.PATIENT, name, email, **fields)
    calendar = Calendar(kind=CalendarKind.PATIENT)
    db.session.add(calendar)
    db.session.flush()
    patient = Patient(user_id=user.id, calendar_id=calendar.id)
    db.session.add(patient)
    return patient


@transactional
def a_location(name: str = "Main Street Practice", zone: str = "Europe/Berlin") -> Location:
    known = db.session.scalars(select(Location).where(Location.name == name)).first()
    if known:
        return known
    location = Location(
        slug=name.lower().replace(" ", "-"),
        name=name,
        address="Main Street 1",
        city="Berlin",
        zone=zone,
    )
    db.session.add(location)
    db.session.flush()
    return location


@transactional
def a_closure(
    location: Location, starts_at: datetime, ends_at: datetime, reason: str = "A storm"
) -> Closure:
    closure = Closure(location_id=location.id, starts_at=starts_at, ends_at=ends_at, reason=reason)
    db.session.add(closure)
    db.session.flush()
    return closure


@transactional
def a_specialty(name: str = "Cardiology") -> Specialty:
    known = db.session.scalars(select(Specialty).where(Specialty.name == name)).first()
    if known:
        return known
    specialty = Specialty(slug=name.lower().replace(" ", "-"), name=name)
    db.session.add(specialty)
    db.session.flush()
    return specialty


@transactional
def a_visit_type(name: str = "", minutes: int = 30, **fields: object) -> VisitType:
    visit_type = VisitType(
        name=name or f"Visit {next(_numbers)}",
        minutes=minutes,
        **{"step": 15, "currency": "EUR", "mode": VisitMode.IN_PERSON, **fields},
    )
    db.session.add(visit_type)
    db.session.flush()
    return visit_type


@transactional
def a_doctor(
    name: str = "",
    *,
    visit_types: list[VisitType] | None = None,
    specialties: list[Specialty] | None = None,
    languages: tuple[str, ...] = ("en",),
    hours: str | None = "09:00-17:00",
    location: Location | None = None,
    published: bool = True,
    email: str = "",
) -> Doctor:
    """A published doctor who works every day of the week, as `hours` says."""
    user = a_user(Role.DOCTOR, name, email)
    calendar = Calendar(kind=CalendarKind.DOCTOR)
    db.session.add(calendar)
    db.session.flush()
    doctor = Doctor(
        user_id=user.id,
        calendar_id=calendar.id,
        approved_at=clock.now() if published else None,
        is_published=published,
        specialties=[a_specialty()] if specialties is None else specialties,
        visit_types=[a_visit_type()] if visit_types is None else visit_types,
        spoken=[DoctorLanguage(language=code) for code in languages],
    )
    db.session.add(doctor)
    db.session.flush()
    if hours:
        for weekday in range(1, 8):
            works(doctor, location or a_location(), weekday, hours)
    return doctor


@transactional
def on_own_terms(
    doctor: Doctor, visit_type: VisitType, minutes: int | None = None, cents: int | None = None
) -> None:
    """Let a doctor give a visit type a length and a price of their own."""
    row = doctor_visit_types.c
    db.session.execute(
        update(doctor_visit_types)
        .where(row.doctor_id == doctor.id, row.visit_type_id == visit_type.id)
        .values(own_minutes=minutes, own_price_cents=cents)
    )
    revision.bump()


@transactional
def works(
    doctor: Doctor,
    location: Location,
    weekday: int,
    hours: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
    only: Sequence[VisitType] = (),
) -> WorkingHours:
    """`works(doctor, place, 1, "09:00-12:30")`: Mondays, on the place's wall."""
    begins, ends = (int(part[:2]) * 60 + int(part[3:]) for part in hours.split("-"))
    row = WorkingHours(
        doctor_id=doctor.id,
        location_id=location.id,
        weekday=weekday,
        starts_minute=begins,
        ends_minute=ends,
        valid_from=valid_from,
        valid_until=valid_until,
        visit_types=list(only),
    )
    db.session.add(row)
    db.session.flush()
    return row


def a_portrait(colour: str = "teal") -> str:
    """The name of a picture that the clinic keeps."""
    content = BytesIO()
    Image.new("RGB", (600, 600), colour).save(content, "PNG")
    content.seek(0)
    return portraits.store(Path(current_app.instance_path) / portraits.FOLDER, content)


@transactional
def policy(**changes: Any) -> None:
    """Change the clinic's settings for this test."""
    settings.store(replace(settings.current(), **changes))


def booked(
    patient: Patient, doctor: Doctor, starts_at: datetime, visit_type: VisitType | None = None
) -> Appointment:
    """An appointment made as patients make it: a hold, then a booking."""
    holder = Holder(f"browser-of-{patient.id}", patient, "192.0.2.1")
    kind = visit_type or doctor.visit_types[0]
    key = f"key-{next(_numbers)}"
    held = holds.hold(holder, doctor.ref, kind.ref, tick_of(starts_at), key)
    return bookings.book(holder, patient, held.ref, "A reason")


@transactional
def a_message(
    appointment: Appointment | None = None,
    user: User | None = None,
    state: MessageState = MessageState.QUEUED,
    kind: MessageKind = MessageKind.APPOINTMENT_CONFIRMED,
    **fields: Any,
) -> OutboxMessage:
    """A message to `user`, or to the appointment's patient; a sent one is kept with a file."""
    whom = user or (appointment.patient.user if appointment and appointment.patient else None)
    usual: dict[str, Any] = {
        "dedupe_key": f"message {next(_numbers)}",
        "recipient": whom.email if whom else "nobody@example.org",
        "user_id": whom.id if whom else None,
        "appointment_id": appointment.id if appointment else None,
        "tries": 0 if state is MessageState.QUEUED else 1,
    }
    if state is MessageState.SENT:
        file = MessageAttachment(
            position=0, name="appointment.ics", content_type="text/calendar", content=b"BEGIN"
        )
        usual |= {
            "sent_at": clock.now(),
            "subject": "Your visit is confirmed",
            "text": "Hello\n\nYour visit is confirmed.\n",
            "html": "<!doctype html><title>Confirmed</title><p style='color: teal'>Confirmed</p>",
            "attachments": [file],
        }
    message = OutboxMessage(kind=kind, state=state, **usual | fields)
    db.session.add(message)
    db.session.flush()
    return message


def tomorrow_at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """An instant tomorrow on the wall of `zone`: `tomorrow_at("10:30")`."""
    day = clock.today(zone) + timedelta(1)
    return at(f"{day} {text}", zone)
