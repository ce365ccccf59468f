"""Whatever patients, banks, staff, time and the network do, in any order: once everything has been
told and the worker has had its turns, money and appointments agree."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app import clock
from app.billing import ledger
from app.checkout import events, refunding, settling, starting, sweeping
from app.checkout.facts import Event
from app.errors import ClinicError
from app.extensions import db
from app.models import Appointment, Patient, Payment, PaymentState
from app.models import AppointmentStatus as Status
from app.scheduling import changes, holds, visits
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from sandbox.errors import ApiError
from sandbox.store import Thing
from tests.builders import a_patient, tomorrow_at
from tests.checkout.conftest import Desk, desk_of, doctor
from tests.conftest import FrozenClock
from tests.databases import CleanSlate

SOME = st.sampled_from([0, 0, 0, 1, 2, 3])  # the newest mostly


class Clinic(RuleBasedStateMachine):
    """Two patients and two times. Refusals are answers, not faults."""

    slate: ClassVar[CleanSlate]

    @initialize(who=SOME)
    def open(self, who: int) -> None:
        self.slate.restore()
        self.stack = ExitStack()
        self.time = FrozenClock(self.stack)
        self.desk: Desk = self.stack.enter_context(desk_of(self.slate.app))
        self.stack.enter_context(self.slate.app.app_context())
        self.heard: set[str] = set()
        self.keys = 0
        self.patients = [a_patient(name).id for name in ("Ines Carvalho", "Rui Costa")]
        self.hold(who, "10:00")
        self.start(who, 0)

    def holder(self, who: int) -> Holder:
        patient = db.session.get_one(Patient, self.patients[who % 2])
        return Holder(f"browser {who % 2}", patient, "192.0.2.1")

    def visit(self, which: int) -> Appointment | None:
        db.session.rollback()
        db.session.expire_all()
        found = db.session.scalars(select(Appointment).order_by(Appointment.id.desc())).all()
        return found[which % len(found)] if found else None

    def sessions(self) -> list[Thing]:
        return self.desk.sandbox.store.all("checkout.session")

    @rule(who=SOME, time=st.sampled_from(["10:00", "11:00"]))
    def hold(self, who: int, time: str) -> None:
        self.keys += 1
        tick = clock.tick_of(tomorrow_at(time))
        desk = self.desk
        with suppress(ClinicError):
            holds.hold(
                self.holder(who), desk.doctor_ref, desk.visit_type_ref, tick, f"key {self.keys}"
            )

    @rule(who=SOME, which=SOME)
    def start(self, who: int, which: int) -> None:
        visit, holder = self.visit(which), self.holder(who)
        if visit is not None and holder.patient is not None:
            with suppress(ClinicError):
                starting.start(self.desk.till, holder, holder.patient, visit.ref, "My knee")

    @rule(who=SOME, time=st.sampled_from(["10:00", "11:00"]))
    def hold_and_pay(self, who: int, time: str) -> None:
        self.hold(who, time)
        self.start(who, 0)
        self.at_the_page(0, "pay" if who else "pay_later")

    @rule(which=SOME, way=st.sampled_from(["pay", "pay", "decline", "pay_later"]))
    def at_the_page(self, which: int, way: str) -> None:
        if found := self.sessions():
            session = found[which % len(found)]
            with suppress(ApiError):
                getattr(self.desk.sandbox.checkout, way)(session, self.desk.sandbox.now())

    @rule(which=SOME, succeeds=st.booleans())
    def bank_says(self, which: int, succeeds: bool) -> None:
        if found := self.sessions():
            session, now = found[which % len(found)], self.desk.sandbox.now()
            with suppress(ApiError):
                self.desk.sandbox.checkout.settle(session, now, succeeds=succeeds)

    @rule()
    def expire(self) -> None:
        self.desk.sandbox.checkout.expire_what_is_over(self.desk.sandbox.now())

    @rule(which=SOME)
    def give_back(self, which: int) -> None:
        visit = self.visit(which)
        if visit is not None and visit.patient_id is not None:
            holds.release(self.holder(self.patients.index(visit.patient_id)), visit.ref)

    @rule()
    def sweep(self) -> None:
        holds.sweep()

    @rule(which=SOME)
    def look_at_the_page(self, which: int) -> None:
        db.session.rollback()
        payments = db.session.scalars(select(Payment).order_by(Payment.id.desc())).all()
        if payments:
            with suppress(ClinicError):
                settling.settle(self.desk.gateway, payments[which % len(payments)])

    def undelivered(self) -> list[Event]:
        return [
            Event(one["id"], one["type"], one["data"]["object"])
            for one in reversed(self.desk.sandbox.store.all("event"))
            if one["type"] in events.HANDLED
        ]

    @rule(which=SOME)
    def hear(self, which: int) -> None:
        """Any event, also one that was heard before."""
        if told := self.undelivered():
            with suppress(ClinicError):
                events.handle(self.desk.gateway, told[which % len(told)])

    @rule()
    def work(self) -> None:
        for part in (
            lambda: sweeping.end_what_is_over(self.desk.till),
            lambda: sweeping.look_again(self.desk.gateway),
            lambda: refunding.send_due(self.desk.gateway),
        ):
            with suppress(ClinicError):
                part()

    @rule(which=SOME, by_doctor=st.booleans())
    def cancel(self, which: int, by_doctor: bool) -> None:
        visit = self.visit(which)
        if visit is not None and visit.patient is not None:
            actor = Actor.of(doctor().user if by_doctor else visit.patient.user)
            with suppress(ClinicError):
                changes.cancel(visit, actor, "", version=visit.version)

    @rule(which=SOME)
    def undo(self, which: int) -> None:
        visit = self.visit(which)
        if visit is not None:
            with suppress(ClinicError):
                visits.undo(visit, Actor.of(doctor().user), version=visit.version)

    @rule(down=st.booleans())
    def gateway_goes(self, down: bool) -> None:
        self.desk.sandbox.broken.down = down

    @rule(path=st.sampled_from(["/v1/checkout/sessions", "/v1/refunds"]))
    def an_answer_is_lost(self, path: str) -> None:
        self.desk.sandbox.broken.after[path] = 2

    @rule(minutes=st.sampled_from([1, 11, 41]))
    @precondition(lambda self: clock.now().hour < 12)
    def time_passes(self, minutes: int) -> None:
        self.time.advance(minutes=minutes)

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        try:
            self.settle_all()
        finally:
            db.session.remove()
            self.stack.close()

    def settle_all(self) -> None:
        desk = self.desk
        desk.sandbox.broken.down = False
        desk.sandbox.broken.after.clear()
        for session in self.sessions():
            with suppress(ApiError):
                desk.sandbox.checkout.settle(session, desk.sandbox.now(), succeeds=True)
        for _ in range(3):
            self.time.advance(minutes=50)
            self.expire()
            desk.hear_all()
            self.work()
            holds.sweep()
        desk.check()
        for payment in db.session.scalars(select(Payment)):
            assert payment.state not in {PaymentState.OPEN, PaymentState.PROCESSING}
        for visit in db.session.scalars(select(Appointment)):
            payments = ledger.payments_of(visit)
            left = ledger.money_of(payments).left
            assert visit.payment_status is ledger.status_of(visit.price_cents, payments)
            if visit.status is Status.CONFIRMED:
                assert left == visit.price_cents, "a visit that nobody has paid, or paid twice"
            else:
                assert visit.status in {Status.EXPIRED, Status.CANCELLED}
                assert left == 0, "money without a visit"


@pytest.fixture
def slate(_sqlite: CleanSlate) -> CleanSlate:
    return _sqlite


def test_in_any_order_money_and_appointments_agree(
    slate: CleanSlate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_: 0)
    Clinic.slate = slate
    run_state_machine_as_test(
        Clinic,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
