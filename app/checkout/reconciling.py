"""Comparing our books with Stripe's, and mending what is safe to mend.

Everything is mended by the same use cases as return page and webhook use, so that two
reconciliations at once, or one beside webhooks, are harmless. What would need a decision is listed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from app import clock
from app.billing import ledger
from app.checkout import events, reconciled, refunding, settling
from app.checkout.facts import SentRefund, Session, Standing
from app.checkout.gateway import Gateway, GatewayRefused
from app.checkout.reconciled import Finding, Result
from app.extensions import db
from app.models import (
    Appointment,
    LedgerEntry,
    LedgerKind,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    StripeEvent,
)
from app.models import AppointmentStatus as Status

log = logging.getLogger("docket.payments")

FIRST_TIME = timedelta(days=30)  # for as long Stripe keeps its events
OVERLAP = timedelta(hours=1)
EVERY = timedelta(hours=1)
SESSION_LASTS = timedelta(days=1)  # at most; so one that changes now was made since then
WITH_MONEY = {Standing.PAID, Standing.PROCESSING}
SEEN_TO = ledger.ON_ITS_WAY | {RefundState.SET_ASIDE}
AMOUNTS_DIFFER = "The amounts differ"
NOT_AT_STRIPE = "Stripe does not know this payment"
NOT_HERE = "Stripe has a payment of ours that is not known here"
NO_VISIT = "Paid, without a visit and not given back"


def reconcile(gateway: Gateway, days: int | None = None) -> Result:
    """Compare what has happened since the last time, or in so many days, and what is not final
    yet. Raises GatewayDown; then the next one begins where this one did."""
    at = clock.now()
    last = reconciled.last()
    since = last.at - OVERLAP if last is not None else at - FIRST_TIME
    if days is not None:
        since = at - timedelta(days=days)
    result = Result(at, since)
    _Comparison(gateway, result).run()
    reconciled.keep(result)
    return result


def reconcile_when_due(gateway: Gateway) -> Result | None:
    """Reconcile if nobody has done so for an hour. Raises GatewayDown."""
    last = reconciled.last()
    if last is not None and clock.now() - last.at < EVERY:
        return None
    result = reconcile(gateway)
    for problem in result.problems:
        log.warning("%s: %s %s", problem.what, problem.payment, problem.stripe_id)
    return result


@dataclass
class _Comparison:
    gateway: Gateway
    result: Result
    _seen: set[int] = field(default_factory=set)  # payments whose session has been looked at

    def run(self) -> None:
        since = self.result.since
        for session in self.gateway.sessions_since(since - SESSION_LASTS):
            self._session(session)
        for payment_id, session_id in self._to_ask_for():
            self._ask(payment_id, session_id)
        self._refunds(since)
        for dispute in self.gateway.disputes_since(since):
            self.result.saw("disputes")
            found = self._payment(Payment.intent_id == dispute.intent_id)
            if found is not None:
                with self._mending(found.id, "A dispute was written down", dispute.id):
                    events.write_down_dispute(dispute)
        self._events(since)
        self._without_visit()

    def _session(self, session: Session) -> None:
        self.result.saw("sessions")
        payment = settling.payment_of_session(session.id) or self._payment(
            (Payment.ref == session.reference) & Payment.session_id.is_(None)
        )
        if payment is None:
            if session.is_ours and session.standing in WITH_MONEY:
                self._problem(NOT_HERE, session.reference, session.id)
            return
        self._compare(payment.id, session)

    def _compare(self, payment_id: int, session: Session) -> None:
        """Write a session down, and say what does not agree afterwards."""
        self._seen.add(payment_id)
        payment = db.session.get_one(Payment, payment_id)
        if not _is_written_down(payment, session):
            with self._mending(payment_id, "The state of a payment was mended", session.id):
                settling.write_down(payment_id, session)
        if session.standing is not Standing.PAID:
            return
        taken = [e.cents for e in payment.entries if e.kind is LedgerKind.CHARGE]
        if sum(taken) != session.cents or session.cents != payment.cents:
            self._problem(AMOUNTS_DIFFER, payment.ref, session.id)

    def _to_ask_for(self) -> list[tuple[int, str]]:
        """Payments that are not final, and those settled in this time, with their sessions."""
        open_ones = Payment.state.in_({PaymentState.OPEN, PaymentState.PROCESSING})
        settled = Payment.settled_at >= self.result.since
        rows = db.session.execute(
            select(Payment.id, Payment.session_id)
            .where(Payment.session_id.is_not(None), or_(open_ones, settled))
            .order_by(Payment.id)
        )
        return [(number, str(session)) for number, session in rows if number not in self._seen]

    def _ask(self, payment_id: int, session_id: str) -> None:
        self.result.saw("payments")
        try:
            session = self.gateway.session(session_id)
        except GatewayRefused:
            payment = db.session.get_one(Payment, payment_id)
            self._problem(NOT_AT_STRIPE, payment.ref, session_id)
            return
        self._compare(payment_id, session)

    def _refunds(self, since: datetime) -> None:
        sent = {one.id: one for one in self.gateway.refunds_since(since)}
        on_their_way = (
            select(Payment.intent_id)
            .join(Payment.refunds)
            .where(Refund.state.in_({RefundState.WANTED, RefundState.PENDING}))
            .where(Payment.intent_id.is_not(None))
            .distinct()
        )
        for intent_id in list(db.session.scalars(on_their_way)):
            sent |= {one.id: one for one in self._refunds_of(intent_id or "")}
        for one in sent.values():
            self.result.saw("refunds")
            payment = self._payment(Payment.intent_id == one.intent_id)
            if payment is not None:
                with self._mending(payment.id, "A refund was written down", one.id):
                    refunding.write_down(one)
            elif one.key:
                self._problem(NOT_HERE, "", one.id)

    def _refunds_of(self, intent_id: str) -> list[SentRefund]:
        try:
            return self.gateway.refunds_of(intent_id)
        except GatewayRefused:
            payment = self._payment(Payment.intent_id == intent_id)
            self._problem(NOT_AT_STRIPE, payment.ref if payment else "", intent_id)
            return []

    def _events(self, since: datetime) -> None:
        """What was told and not heard: of things that were made long before, too."""
        told = self.gateway.events_since(since, events.HANDLED)
        self.result.saw("events", len(told))
        ids = [event.id for event in told]
        known = set(db.session.scalars(select(StripeEvent.id).where(StripeEvent.id.in_(ids))))
        for event in told:
            if event.id in known:
                continue
            about = str(event.thing.get("payment_intent") or "")
            payment = (
                settling.payment_of_session(str(event.thing["id"]))
                if event.kind in events.SESSIONS
                else self._payment(Payment.intent_id == about)
            )
            if payment is None or (event.kind in events.SESSIONS and payment.id in self._seen):
                continue
            try:
                with self._mending(payment.id, "An event was made up for", event.id):
                    events.handle(self.gateway, event)
            except GatewayRefused:
                self._problem(NOT_AT_STRIPE, payment.ref, event.id)

    def _without_visit(self) -> None:
        """Money that nobody owes and that is not on its way back."""
        paid = (
            select(Payment)
            .join(Payment.appointment)
            .where(Payment.state == PaymentState.PAID)
            .where(Appointment.status.in_({Status.HELD, Status.EXPIRED}))
        )
        for payment in db.session.scalars(paid):
            money = ledger.money_of([payment])
            is_seen_to = any(one.state in SEEN_TO for one in payment.refunds)
            if money.left and not is_seen_to:
                self._problem(NO_VISIT, payment.ref, payment.intent_id or "")

    def _payment(self, which: object) -> Payment | None:
        return db.session.scalars(select(Payment).where(which)).one_or_none()  # type: ignore[arg-type]

    def _problem(self, what: str, ref: str, stripe_id: str) -> None:
        finding = Finding(what, ref, stripe_id)
        if finding not in self.result.problems:
            self.result.problems.append(finding)

    @contextmanager
    def _mending(self, payment_id: int, what: str, stripe_id: str) -> Iterator[None]:
        """Note what was done within, if anything is different afterwards."""
        before = _state_of(payment_id)
        yield
        after = _state_of(payment_id)
        if after != before:
            self.result.repaired.append(Finding(what, after[0], stripe_id))


def _is_written_down(payment: Payment, session: Session) -> bool:
    """Whether we know all that a session says."""
    known = {entry.stripe_id for entry in payment.entries}
    says = (
        {session.charge_id, session.fee_id} - {None} if session.standing is Standing.PAID else set()
    )
    is_same = payment.state is settling.STATES[session.standing]
    return is_same and payment.session_id == session.id and known.issuperset(says)


def _state_of(payment_id: int) -> tuple[str, ...]:
    """All that a reconciliation may change of a payment, as words; the reference first."""
    db.session.rollback()
    entries = (
        select(func.count())
        .where(LedgerEntry.payment_id == Payment.id)
        .correlate(Payment)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(Payment.ref, Payment.state, Payment.session_id, Appointment.status, entries)
        .join(Payment.appointment)
        .where(Payment.id == payment_id)
    ).one()
    refunds = select(Refund.state).where(Refund.payment_id == payment_id).order_by(Refund.id)
    return (*map(str, row), *map(str, db.session.scalars(refunds)))
