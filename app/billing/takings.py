"""Payments found: those of a period, narrowed, and one by its reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.errors import NotFound
from app.extensions import db
from app.models import (
    Appointment,
    Doctor,
    LedgerEntry,
    LedgerKind,
    Patient,
    Payment,
    PaymentState,
    Refund,
    RefundCause,
    RefundState,
)
from app.paging import Page, page_of

LONGEST_PERIOD = timedelta(days=366)
USUAL_PERIOD = timedelta(days=30)
AT_ONCE = 500


# All that a line about a visit says.
VISIT = (
    joinedload(Appointment.patient).joinedload(Patient.user),
    joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(Appointment.visit_type),
    joinedload(Appointment.location),
)


class Asked(StrEnum):
    """Which payments may be asked for, by how far they have come or by what came after."""

    PAID = "paid"
    PROCESSING = "processing"
    OPEN = "open"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTED = "disputed"


# The ways to pay that can be asked for, in Stripe's words.
METHODS = (
    "card",
    "link",
    "paypal",
    "sepa_debit",
    "bacs_debit",
    "us_bank_account",
    "bancontact",
    "eps",
    "ideal",
    "klarna",
    "p24",
    "twint",
    "customer_balance",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which payments are looked for; what is empty does not narrow. The days are dates in `zone`,
    both included. `user_ids` are the people who were meant by `search`; a search by a reference or
    by one of Stripe's ids looks at all days."""

    zone: ZoneInfo
    first_day: date
    last_day: date
    search: str = ""
    user_ids: Sequence[int] = ()
    asked: Asked | None = None
    cause: RefundCause | None = None
    doctor_id: int | None = None
    method: str = ""


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days that are meant: the last thirty unless told, and never more than a year."""
    last = last or (max(first, today) if first else today)
    first = first or last - USUAL_PERIOD
    first, last = min(first, last), max(first, last)
    return max(first, last - LONGEST_PERIOD), last


def find(wanted: Wanted, page: int) -> Page[Payment]:
    """A page of the payments begun in the period, the newest first."""
    query = _found(wanted).options(
        contains_eager(Payment.appointment).options(*VISIT),
        selectinload(Payment.entries),
        selectinload(Payment.refunds),
    )
    number: ColumnElement[int] = Payment.id.expression
    return page_of(query, number, [Payment.started_at.desc(), number.desc()], page)


def every(wanted: Wanted) -> Iterator[Payment]:
    """All of them, the oldest first, read by and by."""
    after = 0
    while True:
        some = db.session.scalars(
            _found(wanted)
            .options(
                contains_eager(Payment.appointment).options(*VISIT),
                selectinload(Payment.entries),
            )
            .where(Payment.id > after)
            .order_by(Payment.id)
            .limit(AT_ONCE)
        ).all()
        yield from some
        if len(some) < AT_ONCE:
            return
        after = some[-1].id
        db.session.expunge_all()


def payment_of(ref: str) -> Payment:
    """A payment with all that is known of it. Raises NotFound."""
    found = db.session.scalars(
        select(Payment)
        .options(
            joinedload(Payment.appointment).options(*VISIT),
            selectinload(Payment.entries),
            selectinload(Payment.refunds).joinedload(Refund.asked_by),
        )
        .where(Payment.ref == ref)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("We could not find that payment.")
    return found


def _found(wanted: Wanted) -> Select[Payment]:
    query = select(Payment).join(Payment.appointment).where(*narrowed(wanted))
    if is_by_id(wanted.search):
        return query
    return query.where(
        Payment.started_at >= midnight(wanted.first_day, wanted.zone),
        Payment.started_at < midnight(wanted.last_day + timedelta(1), wanted.zone),
    )


def is_by_id(search: str) -> bool:
    """Whether what is searched for can only be a reference or an id of Stripe's."""
    return "@" not in search and ("_" in search or any(letter.isdigit() for letter in search))


def narrowed(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    """What payments, joined with their appointments, must be to be among those wanted."""
    if wanted.doctor_id is not None:
        yield Appointment.doctor_id == wanted.doctor_id
    if wanted.cause is not None:
        yield Payment.id.in_(select(Refund.payment_id).where(Refund.cause == wanted.cause))
    if wanted.method:
        yield Payment.method == wanted.method
    if wanted.search:
        yield _searched(wanted)
    if wanted.asked is None:
        return
    if wanted.asked is Asked.REFUNDED:
        yield _has_entry(LedgerKind.REFUND)
    elif wanted.asked is Asked.DISPUTED:
        yield _has_entry(LedgerKind.DISPUTE)
    elif wanted.asked is Asked.REFUND_FAILED:
        failed = select(Refund.payment_id).where(Refund.state == RefundState.FAILED)
        yield Payment.id.in_(failed)
    else:
        yield Payment.state == PaymentState(wanted.asked.value)


def _has_entry(kind: LedgerKind) -> ColumnElement[bool]:
    return Payment.id.in_(select(LedgerEntry.payment_id).where(LedgerEntry.kind == kind))


def _searched(wanted: Wanted) -> ColumnElement[bool]:
    if is_by_id(wanted.search):
        return Payment.id.in_(_with_id(wanted.search))
    patients = select(Patient.id).where(Patient.user_id.in_(wanted.user_ids))
    return Appointment.patient_id.in_(patients)


def _with_id(text: str) -> Sequence[int]:
    """The payments that have a reference or an id, found one index at a time: a database that is
    asked for all of them at once uses none."""
    entries = LedgerEntry.kind.in_(set(LedgerKind)) & (LedgerEntry.stripe_id == text)
    found = union(
        select(Payment.id).where(Payment.ref == text.lower()),
        select(Payment.id).where(Payment.session_id == text),
        select(Payment.id).where(Payment.intent_id == text),
        select(Payment.id).join(Payment.appointment).where(Appointment.ref == text.lower()),
        select(LedgerEntry.payment_id).where(entries),
        select(Refund.payment_id).where(Refund.stripe_id == text),
    )
    return db.session.scalars(found).all()


def midnight(on: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins."""
    return datetime(on.year, on.month, on.day, tzinfo=zone)
