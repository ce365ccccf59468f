"""Receipts, numbered without gaps, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from app import clock
from app.clinic import settings
from app.errors import NotFound
from app.extensions import db
from app.formats import money
from app.models import (
    Appointment,
    Doctor,
    LedgerKind,
    Patient,
    Payment,
    Receipt,
    Revision,
)

COUNTER = "receipts"
METHODS = {"card": "by card", "sepa_debit": "by SEPA debit", "link": "with Link", "": "online"}
BACK = {LedgerKind.REFUND: "Given back", LedgerKind.REFUND_FAILED: "Came back to the clinic"}


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on a receipt, in words. `issuer` is the clinic as it was then: its name first,
    then how to reach it; `moves` is what has gone back since: of which day, what, how much."""

    number: int
    issued_at: datetime
    issuer: tuple[str, ...]
    tax_line: str
    facts: tuple[tuple[str, str], ...]
    amount: str
    moves: tuple[tuple[str, str, str], ...]
    kept: str

    @property
    def file_name(self) -> str:
        return f"receipt-{self.number}.pdf"


def issue(payment: Payment) -> Receipt:
    """Give a paid payment the next number, in the present transaction; once."""
    known = db.session.scalars(select(Receipt).where(Receipt.payment_id == payment.id)).first()
    if known is not None:
        return known
    clinic = settings.current()
    receipt = Receipt(
        number=_next_number(),
        payment_id=payment.id,
        issued_at=clock.now(),
        issuer={
            "name": clinic.name,
            "phone": clinic.phone,
            "email": clinic.email,
            "address": clinic.receipt_address,
            "tax_line": clinic.tax_line,
            "zone": clinic.zone,
        },
    )
    db.session.add(receipt)
    db.session.flush()
    return receipt


def paper_of(ref: str, patient: Patient | None = None) -> Paper:
    """The receipt of a payment; for a patient, of their own. Raises NotFound."""
    visit = contains_eager(Receipt.payment).contains_eager(Payment.appointment)
    query = (
        select(Receipt)
        .join(Receipt.payment)
        .join(Payment.appointment)
        .where(Payment.ref == ref)
        .options(
            contains_eager(Receipt.payment).options(selectinload(Payment.entries)),
            visit.joinedload(Appointment.doctor).joinedload(Doctor.user),
            visit.joinedload(Appointment.patient).joinedload(Patient.user),
            visit.joinedload(Appointment.visit_type),
            visit.joinedload(Appointment.location),
        )
    )
    if patient is not None:
        query = query.where(Appointment.patient_id == patient.id)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("We could not find that receipt.")
    return _paper(found)


def numbers_of(payments: Iterable[Payment]) -> dict[str, int]:
    """The numbers of the receipts of some payments, by the payments' references."""
    of = [payment.id for payment in payments]
    if not of:
        return {}
    rows = db.session.execute(
        select(Payment.ref, Receipt.number)
        .join(Receipt, Receipt.payment_id == Payment.id)
        .where(Payment.id.in_(of))
        .order_by(Receipt.number)
    )
    return {one.ref: one.number for one in rows}


def _paper(receipt: Receipt) -> Paper:
    payment, issuer = receipt.payment, receipt.issuer
    visit, currency = payment.appointment, payment.currency
    zone = ZoneInfo(issuer.get("zone") or settings.current().zone)
    moved = [entry for entry in payment.entries if entry.kind in BACK]
    kept = payment.cents + sum(entry.cents for entry in moved)
    reached = [*issuer.get("address", "").splitlines(), issuer["phone"], issuer["email"]]
    paid_at = payment.settled_at or receipt.issued_at
    return Paper(
        number=receipt.number,
        issued_at=receipt.issued_at,
        issuer=(issuer["name"], *filter(None, reached)),
        tax_line=issuer.get("tax_line", ""),
        facts=(
            ("Receipt", str(receipt.number)),
            ("Date", _day(receipt.issued_at, zone)),
            ("Patient", visit.patient.name if visit.patient else "Unknown"),
            ("Visit", f"{visit.visit_type.name}, {_time(visit.starts_at, visit.zone)}"),
            ("Doctor", visit.doctor.name),
            ("Paid", f"{_way(payment.method)}, {_day(paid_at, zone)}"),
            ("Reference", payment.ref),
        ),
        amount=_sum(payment.cents, currency),
        moves=tuple(
            (_day(entry.at, zone), BACK[entry.kind], _sum(entry.cents, currency)) for entry in moved
        ),
        kept=_sum(kept, currency),
    )


def _way(method: str) -> str:
    """How it was paid, from Stripe's word for it."""
    return METHODS.get(method) or f"with {method.replace('_', ' ').title()}"


def _day(at: datetime, zone: ZoneInfo) -> str:
    """A day with its year, so that a receipt reads the same in every year."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{_day(at, zone)}, {at.astimezone(zone):%H:%M}"


def _sum(cents: int, currency: str) -> str:
    if cents == 0:
        return "0"
    return f"−{money(-cents, currency)}" if cents < 0 else money(cents, currency)


def _next_number() -> int:
    """The next number. The counter stays locked until the transaction ends, so that a number that
    is rolled back is the next one's."""
    counter = db.session.get_one(Revision, COUNTER, with_for_update=True, populate_existing=True)
    counter.value += 1
    db.session.flush()
    return counter.value
