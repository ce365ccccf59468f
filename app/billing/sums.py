"""What has moved in a period: by day, by doctor, by the way to pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, func, select

from app.billing import takings
from app.billing.takings import Wanted
from app.extensions import db
from app.models import Appointment, LedgerEntry, LedgerKind, Payment

LONGEST = timedelta(days=62)
MINUTE = "2026-11-24 07:00"
HOUR = MINUTE[:-3]


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
    """By day, by doctor's number and by the way to pay, and in all; each with its currency."""

    by_day: dict[tuple[date, str], Sum] = field(default_factory=dict)
    by_doctor: dict[tuple[int, str], Sum] = field(default_factory=dict)
    by_method: dict[tuple[str, str], Sum] = field(default_factory=dict)
    in_all: dict[str, Sum] = field(default_factory=dict)


def are_for(wanted: Wanted) -> bool:
    """Whether a period is short enough to be summed."""
    return wanted.last_day - wanted.first_day <= LONGEST


def of(wanted: Wanted) -> Sums:
    """What has moved on the days of the period, whenever it was begun."""
    found = Sums()
    for doctor_id, method, kind, currency, cents in _grouped(
        wanted, Appointment.doctor_id, Payment.method
    ):
        for counted in (
            found.by_doctor.setdefault((doctor_id, currency), Sum()),
            found.by_method.setdefault((method, currency), Sum()),
            found.in_all.setdefault(currency, Sum()),
        ):
            counted.add(kind, int(cents))
    known = MINUTE if _has_odd_hours(wanted) else HOUR
    part = func.substr(cast(LedgerEntry.at, String(30)), 1, len(known))
    for begun, kind, currency, cents in _grouped(wanted, part):
        at = datetime.fromisoformat(begun + MINUTE[len(begun) :])
        on = at.replace(tzinfo=UTC).astimezone(wanted.zone).date()
        found.by_day.setdefault((on, currency), Sum()).add(kind, int(cents))
    return found


def of_one(payment: Payment) -> Sum:
    """What has moved of one payment."""
    found = Sum()
    for entry in payment.entries:
        found.add(entry.kind, entry.cents)
    return found


def _grouped(wanted: Wanted, *by: Any) -> Sequence[Any]:
    """What has moved in the period, summed for each kind and currency of some columns."""
    narrowed = list(takings.narrowed(wanted))
    columns = (*by, LedgerEntry.kind, LedgerEntry.currency)
    query = select(*columns, func.sum(LedgerEntry.cents)).group_by(*columns)
    if narrowed or len(by) > 1:
        query = query.join(LedgerEntry.payment).join(Payment.appointment)
    return db.session.execute(
        query.where(
            LedgerEntry.at >= takings.midnight(wanted.first_day, wanted.zone),
            LedgerEntry.at < takings.midnight(wanted.last_day + timedelta(1), wanted.zone),
            *narrowed,
        )
    ).all()


def _has_odd_hours(wanted: Wanted) -> bool:
    """Whether days may begin within an hour of UTC's."""
    days = (wanted.first_day, wanted.last_day + timedelta(1))
    return any(takings.midnight(day, wanted.zone).astimezone(UTC).minute for day in days)
