"""What Stripe says, as plain facts in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.models import RefundState

if TYPE_CHECKING:
    import stripe

WORDS_OF_REFUND = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


class Standing(StrEnum):
    """How a session stands, in all."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody is asked to pay: cents, words, and where they come back to."""

    reference: str
    cents: int
    currency: str
    what: str
    email: str
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A session as Stripe says it is now. `cents` and `currency` are what it asks for; `charge_id`,
    `fee_cents` and `charged_at` are there when it is paid, the fee when it is known, and
    `method` in Stripe's word for it."""

    id: str
    reference: str
    standing: Standing
    cents: int
    currency: str
    is_ours: bool = False  # by its metadata: made by an installation of Docket
    url: str = ""
    intent_id: str | None = None
    charge_id: str | None = None
    charged_at: datetime | None = None
    fee_id: str | None = None
    fee_cents: int | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class SentRefund:
    """A refund as Stripe says it is now."""

    id: str
    state: RefundState
    cents: int
    intent_id: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A payer's bank asking money back, as it is now."""

    id: str
    intent_id: str
    cents: int
    is_won: bool
    is_lost: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that Stripe tells: of which kind, and about which of its things."""

    id: str
    kind: str
    thing: Mapping[str, Any]


def session_of(found: stripe.checkout.Session) -> Session:
    """A session with its payment, as far as that was asked for."""
    intent = found.payment_intent
    intent_id = intent if isinstance(intent, str) or intent is None else intent.id
    charge = None if isinstance(intent, str) or intent is None else intent.latest_charge
    known = charge if charge is not None and not isinstance(charge, str) else None
    fee = known.balance_transaction if known is not None else None
    has_fee = fee is not None and not isinstance(fee, str)
    return Session(
        id=found.id,
        reference=found.client_reference_id or "",
        standing=_standing(found),
        cents=found.amount_total or 0,
        currency=(found.currency or "").upper(),
        is_ours=bool((found.to_dict().get("metadata") or {}).get("payment")),
        url=found.url or "",
        intent_id=intent_id,
        charge_id=known.id if known is not None else None,
        charged_at=datetime.fromtimestamp(known.created, UTC) if known is not None else None,
        fee_id=fee.id if has_fee else None,  # type: ignore[union-attr]
        fee_cents=fee.fee if has_fee else None,  # type: ignore[union-attr]
        method=_method(known),
    )


def _method(charge: stripe.Charge | None) -> str:
    details = charge.payment_method_details if charge is not None else None
    return details.type if details is not None else ""


def _standing(found: stripe.checkout.Session) -> Standing:
    if found.payment_status == "paid":
        return Standing.PAID
    if found.status == "open":
        return Standing.OPEN
    if found.status == "expired":
        return Standing.EXPIRED
    intent = found.payment_intent
    if intent is not None and not isinstance(intent, str) and intent.status != "processing":
        return Standing.FAILED
    return Standing.PROCESSING


def refund_of(found: stripe.Refund) -> SentRefund:
    """A refund, by the key that we gave it."""
    intent = found.payment_intent
    return SentRefund(
        id=found.id,
        state=WORDS_OF_REFUND.get(found.status or "", RefundState.PENDING),
        cents=found.amount,
        intent_id=intent if isinstance(intent, str) else intent.id if intent else "",
        key=str((found.to_dict().get("metadata") or {}).get("refund", "")),
        at=datetime.fromtimestamp(found.created, UTC),
    )


def dispute_of(thing: Mapping[str, Any]) -> Dispute:
    """The dispute that an event tells of."""
    return Dispute(
        id=str(thing["id"]),
        intent_id=str(thing.get("payment_intent") or ""),
        cents=int(thing["amount"]),
        is_won=thing.get("status") == "won",
        is_lost=thing.get("status") == "lost",
        at=datetime.fromtimestamp(int(thing["created"]), UTC),
    )


def event_of(told: stripe.Event) -> Event:
    """An event. Raises TypeError when it tells of no object."""
    thing = told.data.to_dict()["object"]
    if not isinstance(thing, Mapping):
        raise TypeError("An event tells of an object.")
    return Event(str(told.id), str(told.type), thing)
