"""A clinic that takes money, and a bank that is the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.serving import make_server

from app import clock
from app.billing import ledger
from app.checkout import events, refunding, settling, starting, sweeping
from app.checkout.facts import Event
from app.checkout.gateway import Gateway
from app.checkout.settling import Settled
from app.checkout.starting import Till
from app.extensions import db
from app.models import (
    Appointment,
    AuditEvent,
    Doctor,
    LedgerEntry,
    LedgerKind,
    Patient,
    Payment,
    PayWhen,
    RefundState,
    Role,
)
from app.models import AppointmentStatus as Status
from app.scheduling import holds
from app.scheduling.holders import Holder
from app.scheduling.moves import STATUS_ACTION
from app.scheduling.soundness import count_faults
from sandbox import Settings, create_sandbox
from sandbox.server import Sandbox
from sandbox.store import Thing
from tests.builders import a_doctor, a_patient, a_visit_type, tomorrow_at
from tests.conftest import FrozenClock

PRICE = 4500


@dataclass
class Desk:
    """A doctor whose visits are paid online, patients who pay, and the sandbox they pay at.
    Use it within an application's context."""

    app: Flask
    bank_app: Flask
    address: str
    sandbox: Sandbox = field(init=False)
    gateway: Gateway = field(init=False)
    doctor_ref: str = field(init=False)
    visit_type_ref: str = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = self.bank_app.extensions["sandbox"]
        self.gateway = Gateway("sk_test_sandbox", "whsec_sandbox", self.address)
        with self.app.app_context():
            kind = a_visit_type("Paid visit", price_cents=PRICE, pay_when=PayWhen.ONLINE)
            doctor = a_doctor("Ada Berg", visit_types=[kind])
            self.doctor_ref, self.visit_type_ref = doctor.ref, kind.ref

    @property
    def till(self) -> Till:
        return Till(self.gateway, "http://127.0.0.1:8000")

    def hold(self, time: str = "10:00", name: str = "") -> tuple[Holder, Appointment]:
        """Somebody holds a time of tomorrow."""
        holder = Holder(f"browser of {name or time}", a_patient(name), "192.0.2.1")
        tick = clock.tick_of(tomorrow_at(time))
        held = holds.hold(holder, self.doctor_ref, self.visit_type_ref, tick, f"key {time} {name}")
        return holder, held

    def begin(self, time: str = "10:00", name: str = "") -> Payment:
        """Somebody has held a time and is on the page to pay."""
        return self.begin_for(*self.hold(time, name))

    def begin_for(self, holder: Holder, held: Appointment) -> Payment:
        """Who holds a time goes to the page to pay."""
        assert holder.patient is not None
        starting.start(self.till, holder, holder.patient, held.ref, "My knee")
        return self.payment(held)

    def holding(self, name: str, time: str = "10:00") -> Callable[[], Appointment]:
        """Somebody who is about to hold a time of tomorrow."""
        number, tick = a_patient(name).id, clock.tick_of(tomorrow_at(time))

        def act() -> Appointment:
            patient = db.session.get_one(Patient, number)
            holder = Holder(f"browser of {name}", patient, "192.0.2.1")
            key = f"key {time} {name}"
            return holds.hold(holder, self.doctor_ref, self.visit_type_ref, tick, key)

        return act

    def payment(self, appointment: Appointment) -> Payment:
        """The newest payment for an appointment."""
        db.session.rollback()
        newest = select(Payment).where(Payment.appointment_id == appointment.id)
        found = db.session.scalars(newest.order_by(Payment.id.desc())).first()
        assert found is not None
        return found

    def session(self, payment: Payment) -> Thing:
        found = self.sandbox.store.find("checkout.session", payment.session_id)
        assert found is not None
        return found

    def card(self, payment: Payment) -> None:
        """The patient's card works."""
        self.sandbox.checkout.pay(self.session(payment), self.sandbox.now())

    def bank(self, payment: Payment) -> None:
        """The patient's bank will pay, later."""
        self.sandbox.checkout.pay_later(self.session(payment), self.sandbox.now())

    def bank_says(self, payment: Payment, *, succeeds: bool) -> None:
        self.sandbox.checkout.settle(self.session(payment), self.sandbox.now(), succeeds=succeeds)

    def settle(self, payment: Payment) -> Settled:
        return settling.settle(self.gateway, payment)

    def hear_all(self) -> None:
        """Every event of the sandbox's reaches us, in order."""
        for event in self.events():
            events.handle(self.gateway, event)

    def events(self) -> list[Event]:
        return self.gateway.events_since(clock.now().replace(year=2020), events.HANDLED)

    def work(self) -> None:
        """What the worker does of this."""
        sweeping.end_what_is_over(self.till)
        refunding.send_due(self.gateway)

    def time_is_over(self, payment: Payment) -> None:
        """The time to pay has passed, by the database's clock."""
        with db.engine.begin() as connection:
            connection.execution_options(docket_writes=True)
            past = clock.now().replace(year=2020)
            connection.execute(update(Payment).where(Payment.id == payment.id).values(due_at=past))
        db.session.rollback()

    def the(self, appointment: Appointment) -> Appointment:
        """The appointment as it is stored."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Appointment, appointment.id)

    def check(self) -> None:
        """Time is sound, and our ledger says what the sandbox's own records say."""
        db.session.rollback()
        db.session.expire_all()
        assert count_faults().none
        charges = self.sandbox.store.all("charge")
        taken = {one["id"]: one["amount"] for one in charges if one["paid"]}
        back = {one["id"]: -one["amount"] for one in self.sandbox.store.all("refund")}
        entries = db.session.scalars(select(LedgerEntry)).all()
        ours = {e.stripe_id: e.cents for e in entries if e.kind is LedgerKind.CHARGE}
        ours_back = {e.stripe_id: e.cents for e in entries if e.kind is LedgerKind.REFUND}
        assert ours == taken
        assert ours_back == back
        for payment in db.session.scalars(select(Payment)):
            is_paid = ledger.money_of([payment]).left > self._kept(payment.appointment)
            has_failed = any(one.state is RefundState.FAILED for one in payment.refunds)
            has_time = payment.appointment.status not in {
                Status.HELD,
                Status.EXPIRED,
                Status.CANCELLED,
            }
            assert not is_paid or has_time or has_failed, "money without an appointment"

    def _kept(self, visit: Appointment) -> int:
        """What the terms let the clinic keep at most of a visit that its patient has cancelled."""
        cancelled = select(AuditEvent).where(
            AuditEvent.object_id == visit.id, AuditEvent.action == STATUS_ACTION
        )
        last = db.session.scalars(cancelled.order_by(AuditEvent.id.desc())).first()
        by_patient = (
            visit.status is Status.CANCELLED
            and last is not None
            and last.actor is not None
            and last.actor.role is Role.PATIENT
        )
        return visit.price_cents * visit.late_fee_percent // 100 if by_patient else 0


@pytest.fixture
def desk(app: Flask, frozen_clock: FrozenClock) -> Iterator[Desk]:
    with desk_of(app) as made, app.app_context():
        yield made
        made.check()


@pytest.fixture
def racing_desk(database: Flask) -> Iterator[Desk]:
    """The same on each database in turn, with clocks that run."""
    with desk_of(database) as made, database.app_context():
        yield made
        made.check()


@contextmanager
def desk_of(app: Flask) -> Iterator[Desk]:
    """A desk, and its sandbox for as long."""
    bank = create_sandbox(Settings(origin="http://127.0.0.1"))
    server = make_server("127.0.0.1", 0, bank, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    desk = Desk(app, bank, f"http://127.0.0.1:{server.server_port}")
    desk.sandbox.clock = lambda: clock.now().timestamp()
    yield desk
    server.shutdown()
    server.server_close()
    thread.join()


def doctor() -> Doctor:
    return db.session.scalars(select(Doctor)).one()
