"""What the clinic has taken: payments found, their sums, and what of it needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from app import clock
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
LONGEST_SUMMED = timedelta(days=92)
USUAL_PERIOD = timedelta(days=30)
DISPUTES_SHOWN = timedelta(days=120)
MOST_TROUBLES = 100
AT_ONCE = 500
MINUTE = len("2026-11-24 07:00")


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

    @property
    def is_summed(self) -> bool:
        return self.last_day - self.first_day <= LONGEST_SUMMED


@dataclass(slots=True)
class Sum:
    """What has moved, in cents of one currency; charges are positive, the others as they are."""

    charged: int = 0
    refunded: int = 0
    disputed: int = 0
    fee: int = 0

    def add(self, kind: LedgerKind, cents: int) -> None:
        """Count a movement."""
        if kind is LedgerKind.CHARGE:
            self.charged += cents
        elif kind is LedgerKind.FEE:
            self.fee += cents
        elif kind in {LedgerKind.REFUND, LedgerKind.REFUND_FAILED}:
            self.refunded += cents
        else:
            self.disputed += cents

    @property
    def net(self) -> int:
        return self.charged + self.refunded + self.disputed + self.fee


@dataclass(slots=True)
class Sums:
    """By day and by doctor's number, and in all; each with its currency."""

    by_day: dict[tuple[date, str], Sum] = field(default_factory=dict)
    by_doctor: dict[tuple[int, str], Sum] = field(default_factory=dict)
    in_all: dict[str, Sum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What needs an admin: refunds that failed, wrong amounts, and money that banks ask back."""

    refunds: Sequence[Refund]
    disputed: Sequence[Payment]

    @property
    def total(self) -> int:
        return len(self.refunds) + len(self.disputed)


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """The days that are meant: the last thirty unless told, and never more than a year."""
    last = last or (max(first, today) if first else today)
    first = first or last - USUAL_PERIOD
    first, last = min(first, last), max(first, last)
    return max(first, last - LONGEST_PERIOD), last


def find(wanted: Wanted, page: int) -> Page[Payment]:
    """A page of the payments begun in the period, the newest first."""
    query = _found(wanted).options(
        contains_eager(Payment.appointment).options(*_VISIT),
        selectinload(Payment.entries),
        selectinload(Payment.refunds),
    )
    number: ColumnElement[int] = Payment.id.expression
    return page_of(query, number, [number.desc()], page)


def every(wanted: Wanted) -> Iterator[Payment]:
    """All of them, the oldest first, read by and by."""
    after = 0
    while True:
        some = db.session.scalars(
            _found(wanted)
            .options(
                contains_eager(Payment.appointment).options(*_VISIT),
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


def sums(wanted: Wanted) -> Sums:
    """What has moved on the days of the period, whenever it was begun."""
    at = func.substr(cast(LedgerEntry.at, String(30)), 1, MINUTE)
    by = (at, Appointment.doctor_id, LedgerEntry.kind, LedgerEntry.currency)
    rows = db.session.execute(
        select(*by, func.sum(LedgerEntry.cents))
        .join(LedgerEntry.payment)
        .join(Payment.appointment)
        .where(LedgerEntry.at >= _midnight(wanted.first_day, wanted.zone))
        .where(LedgerEntry.at < _midnight(wanted.last_day + timedelta(1), wanted.zone))
        .where(*_narrowed(wanted))
        .group_by(*by)
    )
    found = Sums()
    for minute, doctor_id, kind, currency, cents in rows:
        on = datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone(wanted.zone).date()
        for counted in (
            found.by_day.setdefault((on, currency), Sum()),
            found.by_doctor.setdefault((doctor_id, currency), Sum()),
            found.in_all.setdefault(currency, Sum()),
        ):
            counted.add(kind, int(cents))
    return found


def sum_of(payment: Payment) -> Sum:
    """What has moved of one payment."""
    found = Sum()
    for entry in payment.entries:
        found.add(entry.kind, entry.cents)
    return found


def troubles() -> Troubles:
    """What needs an admin now, the latest first."""
    later = aliased(Refund)
    made_up_for = (
        select(later.id)
        .where(later.payment_id == Refund.payment_id, later.id > Refund.id)
        .where(later.state != RefundState.FAILED)
        .exists()
    )
    wrong = Refund.cause == RefundCause.WRONG_AMOUNT
    unfinished = Refund.state.in_({RefundState.WANTED, RefundState.PENDING})
    whose = joinedload(Refund.payment).joinedload(Payment.appointment).options(*_VISIT)
    failed = (
        select(Refund)
        .options(whose)
        .where(
            Refund.state.in_({RefundState.FAILED, RefundState.WANTED, RefundState.PENDING}),
            or_((Refund.state == RefundState.FAILED) & ~made_up_for, wrong & unfinished),
        )
        .order_by(Refund.id.desc())
        .limit(MOST_TROUBLES)
    )
    since = clock.now() - DISPUTES_SHOWN
    opened = select(LedgerEntry.payment_id).where(
        LedgerEntry.kind == LedgerKind.DISPUTE,
        LedgerEntry.at >= since,
        LedgerEntry.stripe_id.not_in(
            select(LedgerEntry.stripe_id).where(LedgerEntry.kind == LedgerKind.DISPUTE_WON)
        ),
    )
    disputed = (
        select(Payment)
        .options(joinedload(Payment.appointment).options(*_VISIT))
        .where(Payment.id.in_(opened))
        .order_by(Payment.id.desc())
        .limit(MOST_TROUBLES)
    )
    return Troubles(db.session.scalars(failed).all(), db.session.scalars(disputed).all())


def payment_of(ref: str) -> Payment:
    """A payment with all that is known of it. Raises NotFound."""
    found = db.session.scalars(
        select(Payment)
        .options(
            joinedload(Payment.appointment).options(*_VISIT),
            selectinload(Payment.entries),
            selectinload(Payment.refunds).joinedload(Refund.asked_by),
        )
        .where(Payment.ref == ref)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("We could not find that payment.")
    return found


_VISIT = (
    joinedload(Appointment.patient).joinedload(Patient.user),
    joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(Appointment.visit_type),
    joinedload(Appointment.location),
)


def _found(wanted: Wanted) -> Select[Payment]:
    query = select(Payment).join(Payment.appointment).where(*_narrowed(wanted))
    if _is_by_id(wanted.search):
        return query
    return query.where(
        Payment.started_at >= _midnight(wanted.first_day, wanted.zone),
        Payment.started_at < _midnight(wanted.last_day + timedelta(1), wanted.zone),
    )


def _is_by_id(search: str) -> bool:
    """Whether it can only be a reference or an id of Stripe's."""
    return "_" in search or any(letter.isdigit() for letter in search)


def _narrowed(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.doctor_id is not None:
        yield Appointment.doctor_id == wanted.doctor_id
    if wanted.cause is not None:
        yield Payment.id.in_(select(Refund.payment_id).where(Refund.cause == wanted.cause))
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
    text = wanted.search
    if _is_by_id(text) and "@" not in text:
        entries = select(LedgerEntry.payment_id).where(LedgerEntry.stripe_id == text)
        refunds = select(Refund.payment_id).where(Refund.stripe_id == text)
        return or_(
            Payment.ref == text.lower(),
            Appointment.ref == text.lower(),
            Payment.session_id == text,
            Payment.intent_id == text,
            Payment.id.in_(entries),
            Payment.id.in_(refunds),
        )
    patients = select(Patient.id).where(Patient.user_id.in_(wanted.user_ids))
    return Appointment.patient_id.in_(patients)


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone)
