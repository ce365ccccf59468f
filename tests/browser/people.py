"""A small clinic for browser tests, and how its people sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from playwright.sync_api import Page

from app import clock
from app.accounts import invitations
from app.accounts.invitations import Newcomer
from app.billing import receipts
from app.directory import specialties
from app.extensions import db
from app.messaging import feeds
from app.models import Appointment, LedgerEntry, LedgerKind, Payment, PaymentState, Role
from app.scheduling import visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.signing import Purpose, Signer
from app.transaction import transactional
from tests.builders import (
    BERLIN,
    PASSWORD,
    a_doctor,
    a_patient,
    a_specialty,
    a_user,
    a_visit_type,
    at,
    booked,
)


@dataclass(frozen=True)
class Clinic:
    """What the tests need to know of it: references and a day that has openings."""

    doctor: str
    visit_type: str
    appointment: str
    day: str
    user: str
    finished: str
    unreached: str  # a patient without an e-mail address
    paid: str  # the payment of the finished visit
    stop: str  # the token of a link in a letter
    removed: int  # by which a specialty can be brought back

    @property
    def times(self) -> str:
        """The address of the doctor's openings on that day."""
        return f"/appointment/?doctor={self.doctor}&visit_type={self.visit_type}&day={self.day}"


def open_clinic(app: Flask) -> Clinic:
    """Two doctors, a patient who has asked for a visit in three days, an admin; one password for
    all."""
    day = clock.today(BERLIN) + timedelta(3)
    with app.app_context():
        check_up = a_visit_type("Check-up", 30, price_cents=4000)
        assessment = a_visit_type("Assessment", 60, needs_approval=True)
        hearts = a_specialty("Cardiology")
        doctor = a_doctor(
            "Ada Berg",
            visit_types=[check_up, assessment],
            specialties=[hearts],
            email="doctor@example.org",
        )
        a_doctor("Bea Cruz", visit_types=[check_up], specialties=[hearts])
        a_doctor("Cem Demir", published=False)
        patient = a_patient("Ines Carvalho", "patient@example.org")
        admin = a_user(Role.ADMIN, "Ana Sousa", "admin@example.org")
        visit = booked(patient, doctor, at(f"{day} 09:00"), assessment)
        unreached = invitations.create(
            Newcomer("Ute Uhl", "", Role.PATIENT, phone="+49 30 901820"), doctor.user
        )
        finished = booked(a_patient("Rui Costa"), doctor, at(f"{day} 11:00"), check_up)
        for step in (Step.START, Step.COMPLETE):
            visits.take(finished, step, Actor.of(doctor.user), version=finished.version)
        paid = _paid(finished)
        feeds.renew(patient.user, seen=feeds.OFF)
        return Clinic(
            doctor=doctor.ref,
            visit_type=check_up.ref,
            appointment=visit.ref,
            day=day.isoformat(),
            user=patient.user.ref,
            finished=finished.ref,
            unreached=unreached.ref,
            paid=paid,
            stop=_signer(app).token(Purpose.STOP_REMINDERS, patient.user.ref),
            removed=specialties.remove(a_specialty("Phrenology"), admin, version=1),
        )


@transactional
def _paid(visit: Appointment) -> str:
    """A payment for a visit, of which some has gone back, with its receipt; its reference."""
    now = clock.now()
    payment = Payment(
        appointment_id=visit.id,
        state=PaymentState.PAID,
        cents=4000,
        currency="EUR",
        create_key="a key",
        session_id="cs_test_of_a_visit",
        due_at=now,
        settled_at=now,
        method="card",
    )
    for kind, cents, name in ((LedgerKind.CHARGE, 4000, "ch_a"), (LedgerKind.REFUND, -500, "re_a")):
        entry = LedgerEntry(kind=kind, cents=cents, currency="EUR", stripe_id=name, at=now)
        payment.entries.append(entry)
    db.session.add(payment)
    db.session.flush()
    receipts.issue(payment)
    return payment.ref


def _signer(app: Flask) -> Signer:
    return Signer(str(app.secret_key))


def sign_in(page: Page, email: str) -> None:
    """Log in through the login page."""
    page.goto("/login/")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/login/" not in address)
