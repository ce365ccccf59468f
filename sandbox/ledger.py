"""Money: intents, charges, refunds and disputes; and the events that tell of them."""

from __future__ import annotations

from typing import Any

from sandbox.errors import ApiError, no_such
from sandbox.events import Events
from sandbox.store import Store, Thing, new_id

FEE_PERCENT, FEE_CENTS = 1.5, 25
DISPUTE_FEE_CENTS = 2000


class Ledger:
    """What happens to money."""

    def __init__(self, store: Store, events: Events) -> None:
        self.store, self.events = store, events
        self.refunds_fail = False

    def tell(self, kind: str, thing: Thing, at: int) -> None:
        """Write an event of a kind about an object as it is now."""
        self.events.tell(kind, thing, at)

    def intent_for(self, session: Thing, at: int) -> Thing:
        """The intent to pay for a session."""
        data = session["_intent_data"]
        intent: Thing = {
            "id": new_id("payment_intent"),
            "object": "payment_intent",
            "amount": session["amount_total"],
            "amount_capturable": 0,
            "amount_received": 0,
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "created": at,
            "currency": session["currency"],
            "customer": None,
            "description": data.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": data.get("metadata") or {},
            "payment_method": None,
            "payment_method_types": ["card"],
            "receipt_email": data.get("receipt_email"),
            "status": "requires_payment_method",
        }
        self.store.keep(intent)
        self.tell("payment_intent.created", intent, at)
        return intent

    def charge(self, intent: Thing, at: int) -> None:
        """The money of an intent has come."""
        charge = self._charge_of(intent, at, paid=True)
        charge["balance_transaction"] = self._book(
            charge["id"], "charge", charge["amount"], _fee(charge["amount"]), intent, at
        )
        self.store.keep(charge)
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "last_payment_error": None,
        }
        self.store.keep(intent)
        self.tell("charge.succeeded", charge, at)
        self.tell("payment_intent.succeeded", intent, at)

    def refuse(self, intent: Thing, code: str, at: int) -> None:
        """The money of an intent has been refused."""
        charge = self._charge_of(intent, at, paid=False)
        charge |= {"failure_code": code, "failure_message": "The payment was declined."}
        self.store.keep(charge)
        error = {"type": "card_error", "code": code, "message": "The payment was declined."}
        intent |= {
            "status": "requires_payment_method",
            "latest_charge": charge["id"],
            "last_payment_error": error,
        }
        self.store.keep(intent)
        self.tell("charge.failed", charge, at)
        self.tell("payment_intent.payment_failed", intent, at)

    def refund(self, wanted: dict[str, Any], at: int) -> Thing:
        """Give money back. Raises ApiError when there is not as much to give."""
        charge = self._refundable(wanted)
        left = charge["amount"] - charge["amount_refunded"]
        if left == 0:
            raise ApiError(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        amount = wanted.get("amount", str(left))
        if not str(amount).isdecimal() or int(amount) < 1:
            raise ApiError(
                "Invalid positive integer", param="amount", code="parameter_invalid_integer"
            )
        if int(amount) > left:
            raise ApiError(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
                param="amount",
            )
        refund = self._new_refund(charge, int(amount), wanted, at)
        charge["amount_refunded"] += int(amount)
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.keep(charge)
        self.tell("charge.refunded", charge, at)
        self.tell("refund.created", refund, at)
        if self.refunds_fail:
            self.fail_refund(refund, at)
        return refund

    def fail_refund(self, refund: Thing, at: int) -> None:
        """The bank sends a refund back: the money is the clinic's again."""
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        self.store.keep(refund)
        charge = self.store.find("charge", refund["charge"])
        if charge is not None:
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            self.store.keep(charge)
            self._book(refund["id"], "refund_failure", refund["amount"], 0, charge, at)
        self.tell("refund.updated", refund, at)
        self.tell("refund.failed", refund, at)

    def dispute(self, charge: Thing, at: int) -> Thing:
        """The payer's bank takes the money back, for now."""
        dispute: Thing = {
            "id": new_id("dispute"),
            "object": "dispute",
            "amount": charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": at,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": at + 7 * 86400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": "general",
            "status": "needs_response",
        }
        self._book(dispute["id"], "adjustment", -charge["amount"], DISPUTE_FEE_CENTS, charge, at)
        charge["disputed"] = True
        self.store.keep(charge)
        self.store.keep(dispute)
        self.tell("charge.dispute.created", dispute, at)
        return dispute

    def close_dispute(self, dispute: Thing, at: int, *, won: bool) -> None:
        """The bank has decided."""
        dispute["status"] = "won" if won else "lost"
        self.store.keep(dispute)
        charge = self.store.find("charge", dispute["charge"])
        if won and charge is not None:
            self._book(dispute["id"], "adjustment", dispute["amount"], 0, charge, at)
        self.tell("charge.dispute.closed", dispute, at)

    def _refundable(self, wanted: dict[str, Any]) -> Thing:
        intent_id, charge_id = wanted.get("payment_intent"), wanted.get("charge")
        if intent_id is not None:
            intent = self.store.find("payment_intent", intent_id)
            if intent is None:
                raise no_such("payment_intent", intent_id, "payment_intent")
            charge_id = intent["latest_charge"]
        charge = self.store.find("charge", charge_id)
        if charge is None or not charge["paid"]:
            raise ApiError("This has no successful charge to refund.", param="payment_intent")
        if charge["disputed"]:
            raise ApiError("This charge is disputed.", code="charge_disputed")
        return charge

    def _charge_of(self, intent: Thing, at: int, *, paid: bool) -> Thing:
        return {
            "id": new_id("charge"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "billing_details": {
                "address": None,
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "captured": paid,
            "created": at,
            "currency": intent["currency"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": intent["metadata"],
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method_details": {"type": intent["payment_method_types"][0]},
            "refunded": False,
            "status": "succeeded" if paid else "failed",
        }

    def _new_refund(self, charge: Thing, cents: int, wanted: dict[str, Any], at: int) -> Thing:
        refund: Thing = {
            "id": new_id("refund"),
            "object": "refund",
            "amount": cents,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": at,
            "currency": charge["currency"],
            "metadata": wanted.get("metadata") or {},
            "payment_intent": charge["payment_intent"],
            "reason": wanted.get("reason"),
            "receipt_number": None,
            "status": "succeeded",
        }
        refund["balance_transaction"] = self._book(refund["id"], "refund", -cents, 0, charge, at)
        return self.store.keep(refund)

    def _book(self, source: str, kind: str, cents: int, fee: int, of: Thing, at: int) -> str:
        booked = {
            "id": new_id("balance_transaction"),
            "object": "balance_transaction",
            "amount": cents,
            "available_on": at,
            "balance_type": "payments",
            "created": at,
            "currency": of["currency"],
            "description": of.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": cents - fee,
            "reporting_category": kind,
            "source": source,
            "status": "available",
            "type": kind,
        }
        return str(self.store.keep(booked)["id"])


def _fee(cents: int) -> int:
    return round(cents * FEE_PERCENT / 100) + FEE_CENTS
