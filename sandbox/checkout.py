"""Checkout sessions: made, paid, declined, paid with delay, expired."""

from __future__ import annotations

from typing import Any

from sandbox.errors import ApiError, missing
from sandbox.ledger import Ledger
from sandbox.store import Store, Thing, new_id

SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 60 * 60
SLACK_SECONDS = 60  # for a request that was on its way
SMALLEST_CENTS, LARGEST_CENTS = 50, 99_999_999
METHODS = ["card", "sepa_debit"]


class Checkout:
    """What happens to sessions. `origin` is where the hosted page is."""

    def __init__(self, store: Store, ledger: Ledger, origin: str) -> None:
        self.store, self.ledger, self.origin = store, ledger, origin

    def create(self, wanted: dict[str, Any], at: int) -> Thing:
        """A new session from the parameters of a request at an epoch second. Raises ApiError."""
        if wanted.get("mode") != "payment":
            raise missing("mode")
        for param in ("success_url", "line_items"):
            if not wanted.get(param):
                raise missing(param)
        cents, currency, lines = _priced(wanted["line_items"])
        session_id = new_id("checkout.session")
        session: Thing = {
            "id": session_id,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": False},
            "after_expiration": None,
            "allow_promotion_codes": None,
            "amount_subtotal": cents,
            "amount_total": cents,
            "automatic_tax": {
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "billing_address_collection": None,
            "cancel_url": wanted.get("cancel_url"),
            "client_reference_id": wanted.get("client_reference_id"),
            "client_secret": None,
            "consent": None,
            "consent_collection": None,
            "created": at,
            "currency": currency,
            "currency_conversion": None,
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            "customer": None,
            "customer_creation": "if_required",
            "customer_details": None,
            "customer_email": wanted.get("customer_email"),
            "discounts": [],
            "expires_at": _expiry(wanted.get("expires_at"), at),
            "invoice": None,
            "invoice_creation": None,
            "livemode": False,
            "locale": wanted.get("locale"),
            "metadata": wanted.get("metadata") or {},
            "mode": "payment",
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": "if_required",
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": METHODS,
            "payment_status": "unpaid",
            "phone_number_collection": {"enabled": False},
            "recovered_from": None,
            "setup_intent": None,
            "shipping_address_collection": None,
            "shipping_cost": None,
            "shipping_options": [],
            "status": "open",
            "submit_type": None,
            "subscription": None,
            "success_url": wanted["success_url"],
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{self.origin}/pay/{session_id}",
            # What Stripe keeps aside; here it travels with the session.
            "_lines": lines,
            "_intent_data": wanted.get("payment_intent_data") or {},
        }
        return self.store.keep(session)

    def expire(self, session: Thing, at: int) -> Thing:
        """End an open session. Raises ApiError when it is not open."""
        if session["status"] != "open":
            raise ApiError(
                'Only Checkout Sessions with a status in ["open"] can be expired. '
                f"This Checkout Session has a status of `{session['status']}`."
            )
        session |= {"status": "expired", "url": None}
        self.store.keep(session)
        self.ledger.tell("checkout.session.expired", session, at)
        return session

    def pay(self, session: Thing, at: int) -> None:
        """A card that works. Raises ApiError when the session is not open."""
        intent = self._begin(session, "card", at)
        self.ledger.charge(intent, at)
        session |= {"status": "complete", "payment_status": "paid", "url": None}
        self._keep_and_tell("checkout.session.completed", session, at)

    def decline(self, session: Thing, at: int) -> None:
        """A card that is refused; the session stays open. Raises ApiError."""
        intent = self._begin(session, "card", at)
        self.ledger.refuse(intent, "card_declined", at)
        self.store.keep(session)

    def pay_later(self, session: Thing, at: int) -> None:
        """A bank debit, on its way for a while. Raises ApiError."""
        intent = self._begin(session, "sepa_debit", at)
        intent["status"] = "processing"
        self.store.keep(intent)
        self.ledger.tell("payment_intent.processing", intent, at)
        session |= {"status": "complete", "url": None}
        self._keep_and_tell("checkout.session.completed", session, at)

    def settle(self, session: Thing, at: int, *, succeeds: bool) -> None:
        """What the bank says of a debit that was on its way. Raises ApiError."""
        intent = self.store.find("payment_intent", session["payment_intent"])
        if intent is None or intent["status"] != "processing":
            raise ApiError("This session waits for no bank.")
        if succeeds:
            self.ledger.charge(intent, at)
            session["payment_status"] = "paid"
            self._keep_and_tell("checkout.session.async_payment_succeeded", session, at)
        else:
            self.ledger.refuse(intent, "payment_intent_payment_attempt_failed", at)
            self._keep_and_tell("checkout.session.async_payment_failed", session, at)

    def expire_what_is_over(self, at: int) -> None:
        """End the open sessions whose time has come."""
        for session in self.store.all("checkout.session"):
            if session["status"] == "open" and session["expires_at"] <= at:
                self.expire(session, at)

    def _begin(self, session: Thing, method: str, at: int) -> Thing:
        if session["status"] != "open" or session["expires_at"] <= at:
            raise ApiError("This Checkout Session is no longer open.")
        intent = self.store.find("payment_intent", session["payment_intent"])
        if intent is None:
            intent = self.ledger.intent_for(session, at)
            session["payment_intent"] = intent["id"]
        intent["payment_method_types"] = [method]
        return intent

    def _keep_and_tell(self, kind: str, session: Thing, at: int) -> None:
        self.store.keep(session)
        self.ledger.tell(kind, session, at)


def _priced(lines: Any) -> tuple[int, str, list[Thing]]:
    """Sum, currency and lines of an order. Raises ApiError."""
    if not isinstance(lines, list):
        raise missing("line_items")
    total, currency, kept = 0, "", []
    for position, line in enumerate(lines):
        where = f"line_items[{position}]"
        price = line.get("price_data") if isinstance(line, dict) else None
        if not isinstance(price, dict):
            raise missing(f"{where}[price_data]")
        name = (price.get("product_data") or {}).get("name")
        if not name:
            raise missing(f"{where}[price_data][product_data][name]")
        cents = _whole(price.get("unit_amount"), f"{where}[price_data][unit_amount]")
        count = _whole(line.get("quantity"), f"{where}[quantity]")
        own = str(price.get("currency") or "").lower()
        if len(own) != 3 or (currency and own != currency):
            raise ApiError(f"Invalid currency: {own}", param=f"{where}[price_data][currency]")
        currency = own
        total += cents * count
        kept.append({"name": name, "cents": cents, "quantity": count})
    if not SMALLEST_CENTS <= total <= LARGEST_CENTS:
        code = "amount_too_small" if total < SMALLEST_CENTS else "amount_too_large"
        raise ApiError("The total amount is out of bounds.", code=code)
    return total, currency, kept


def _expiry(wanted: Any, at: int) -> int:
    if wanted is None:
        return at + LONGEST_SECONDS
    ends = _whole(wanted, "expires_at")
    if not at + SHORTEST_SECONDS - SLACK_SECONDS <= ends <= at + LONGEST_SECONDS + SLACK_SECONDS:
        raise ApiError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return ends


def _whole(text: Any, param: str) -> int:
    if text is None:
        raise missing(param)
    if not str(text).isdecimal():
        raise ApiError(f"Invalid integer: {text}", param=param, code="parameter_invalid_integer")
    return int(text)
