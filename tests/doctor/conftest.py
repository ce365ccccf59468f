"""A doctor at the board on a Tuesday at eight, with Ines Carvalho's visit at ten."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Doctor, Role
from app.models import AppointmentStatus as Status
from tests.builders import a_doctor, a_patient, a_user, a_visit_type, at, booked
from tests.conftest import FrozenClock
from tests.pages import HTMX, Page, Visitor

TODAY = "2026-11-24"


@dataclass
class Practice:
    """The doctor's browser, and what stands in the database."""

    app: Flask
    clock: FrozenClock
    ref: str
    doctor_id: int
    doctor: Visitor

    def wait_until(self, when: str) -> None:
        """Let time pass; the doctor logs in anew, as one does after a while."""
        self.clock.move_to(at(when))
        self.doctor.sign_in(self.doctor_id)

    def visitor(self, user_id: int) -> Visitor:
        """Somebody else, at a browser of their own."""
        return Visitor(self.app.test_client(), user_id)

    def admin(self) -> Visitor:
        with self.app.app_context():
            return self.visitor(a_user(Role.ADMIN, "Ana Sousa").id)

    def visit(self, ref: str | None = None) -> Appointment:
        with self.app.app_context():
            wanted = select(Appointment).where(Appointment.ref == (ref or self.ref))
            return db.session.scalars(wanted).one()

    @property
    def status(self) -> Status:
        return self.visit().status

    def book(self, time: str, name: str = "", needs_approval: bool = False) -> str:
        """Another visit of the same doctor, today; its reference."""
        with self.app.app_context():
            doctor = db.session.scalars(select(Doctor)).one()
            kind = next(k for k in doctor.visit_types if k.needs_approval is needs_approval)
            return booked(a_patient(name), doctor, at(f"{TODAY} {time}"), kind).ref


@pytest.fixture
def practice(app: Flask, frozen_clock: FrozenClock) -> Practice:
    with app.app_context():
        kinds = [a_visit_type("First visit"), a_visit_type("Surgery", needs_approval=True)]
        doctor = a_doctor("Ada Berg", visit_types=kinds)
        ref = booked(a_patient("Ines Carvalho"), doctor, at(f"{TODAY} 10:00"), kinds[0]).ref
        user_id = doctor.user_id
    return Practice(app, frozen_clock, ref, user_id, Visitor(app.test_client(), user_id))


def tap(visitor: Visitor, page: Page, action: str, **values: str) -> Page:
    """Press a button of the board as htmx does: the answer is what replaces the row."""
    form = page.form(action)
    return visitor.post(form.action, form.values | values, **HTMX)
