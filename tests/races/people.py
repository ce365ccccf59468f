"""Who races. Rows belong to one session, so people are told by number and read where they act."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Appointment, Doctor, Patient, Role
from app.models import AppointmentStatus as Status
from app.scheduling import bookings, holds
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from app.scheduling.states import OPEN
from tests import builders

Hold = Callable[[Holder, str, str, int, str], Appointment]


class Practice:
    """A doctor with visit types, and patients who want to see that doctor."""

    def __init__(
        self,
        app: Flask,
        patients: int = 2,
        visit_types: Sequence[dict[str, Any]] = ({},),
        doctors: int = 1,
    ) -> None:
        with app.app_context():
            kinds = [builders.a_visit_type(**kind) for kind in visit_types]
            made = [builders.a_doctor(visit_types=kinds) for _ in range(doctors)]
            self.doctors = [(doctor.id, doctor.ref) for doctor in made]
            self.doctor_id, self.doctor_ref = self.doctors[0]
            self.visit_types = [kind.ref for kind in kinds]
            self.patients = [builders.a_patient().id for _ in range(patients)]

    def hold(self, patient: int, tick: int, hold: Hold = holds.hold, **other: str) -> Appointment:
        """Let a patient hold a time with the doctor, from a browser of their own."""
        return hold(
            holder_of(patient, other.get("browser", "")),
            other.get("doctor", self.doctor_ref),
            other.get("visit_type", self.visit_types[0]),
            tick,
            other.get("key") or secrets.token_hex(8),
        )

    def book(self, patient: int, tick: int, hold: Hold = holds.hold, **other: str) -> Appointment:
        """Hold, and book what is held."""
        held = self.hold(patient, tick, hold, **other)
        return confirm(patient, held.ref, other.get("browser", ""))


def holder_of(patient: int, browser: str = "") -> Holder:
    return Holder(browser or f"browser-{patient}", the(Patient, patient), f"address-{patient}")


def confirm(patient: int, ref: str, browser: str = "") -> Appointment:
    """Book what the patient holds."""
    return bookings.book(holder_of(patient, browser), the(Patient, patient), ref, "A reason")


def admins(app: Flask, many: int) -> list[int]:
    """The numbers of so many admins."""
    with app.app_context():
        return [builders.a_user(Role.ADMIN).id for _ in range(many)]


def the(kind, number: int):
    """The row of that number, in the session of whoever asks."""
    row = db.session.get(kind, number)
    assert row is not None
    return row


def patient_actor(patient: int) -> Actor:
    return Actor.of(the(Patient, patient).user)


def doctor_actor(doctor: int) -> Actor:
    return Actor.of(the(Doctor, doctor).user)


def number_of(status: Status) -> int:
    """How many appointments are in a status."""
    db.session.rollback()
    query = select(func.count()).select_from(Appointment).where(Appointment.status == status)
    return db.session.scalar(query) or 0


def open_appointments() -> list[Appointment]:
    db.session.rollback()
    return list(db.session.scalars(select(Appointment).where(Appointment.status.in_(OPEN))))
