"""What has moved in a period: by day, by doctor, by the way to pay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import String, cast, func, select

from app.billing import takings
from app.billing.takings import Wanted
from app.extensions import db
from app.models import Appointment, LedgerEntry, LedgerKind, Payment

LONGEST = timedelta(days=92)
MINUTE = len("2026-11-24 07:00")


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
    at = func.substr(cast(LedgerEntry.at, String(30)), 1, MINUTE)
    by = (at, Appointment.doctor_id, Payment.method, LedgerEntry.kind, LedgerEntry.currency)
    rows = db.session.execute(
        select(*by, func.sum(LedgerEntry.cents))
        .join(LedgerEntry.payment)
        .join(Payment.appointment)
        .where(LedgerEntry.at >= takings.midnight(wanted.first_day, wanted.zone))
        .where(LedgerEntry.at < takings.midnight(wanted.last_day + timedelta(1), wanted.zone))
        .where(*takings.narrowed(wanted))
        .group_by(*by)
    )
    found = Sums()
    for minute, doctor_id, method, kind, currency, cents in rows:
        on = datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone(wanted.zone).date()
        for counted in (
            found.by_day.setdefault((on, currency), Sum()),
            found.by_doctor.setdefault((doctor_id, currency), Sum()),
            found.by_method.setdefault((method, currency), Sum()),
            found.in_all.setdefault(currency, Sum()),
        ):
            counted.add(kind, int(cents))
    return found


def of_one(payment: Payment) -> Sum:
    """What has moved of one payment."""
    found = Sum()
    for entry in payment.entries:
        found.add(entry.kind, entry.cents)
    return found
