"""What happened to a payment, from all that is written of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.clinic import history
from app.models import LedgerEntry, LedgerKind, Payment, PaymentState, Refund, RefundState

COMES = {LedgerKind.CHARGE, LedgerKind.FEE}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `what` is a payment's state, a kind of the ledger's, or
    refund_wanted or refund_set_aside. `cents` is what was asked for or has moved."""

    at: datetime
    what: str
    cents: int = 0
    stripe_id: str = ""
    note: str = ""
    by: str = ""


def of(payment: Payment) -> list[Step]:
    """All that happened, the latest first."""
    steps = [Step(payment.started_at, PaymentState.OPEN.value)]
    steps += [_moved(entry) for entry in payment.entries if entry.kind in COMES]
    steps += [
        Step(event.at, str(event.after["state"]))
        for event in reversed(history.of("payment", payment.id))
        if event.after and "state" in event.after
    ]
    for refund in payment.refunds:
        steps += _of_refund(refund)
    steps += [_moved(entry) for entry in payment.entries if entry.kind not in COMES]
    # Stripe counts whole seconds: what falls into one is told in the order in which it is caused.
    return sorted(steps, key=lambda step: step.at.replace(microsecond=0))[::-1]


def _moved(entry: LedgerEntry) -> Step:
    return Step(entry.at, entry.kind.value, entry.cents, entry.stripe_id)


def _of_refund(refund: Refund) -> list[Step]:
    by = refund.asked_by.name if refund.asked_by else ""
    steps = [Step(refund.asked_at, "refund_wanted", refund.cents, note=refund.reason, by=by)]
    if refund.state is RefundState.SET_ASIDE:
        steps += [
            Step(
                event.at,
                "refund_set_aside",
                refund.cents,
                note=event.reason,
                by=event.actor.name if event.actor else "",
            )
            for event in history.of("refund", refund.id)
            if event.action == "refund.set_aside"
        ]
    return steps
