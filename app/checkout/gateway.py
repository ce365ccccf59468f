"""Stripe, as far as Docket needs it: sessions, refunds and events, in our own words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app import clock
from app.checkout.facts import (
    Dispute,
    Event,
    Order,
    SentRefund,
    Session,
    dispute_of,
    event_of,
    refund_of,
    session_of,
)
from app.errors import ClinicError

if TYPE_CHECKING:
    import stripe

TOLERANCE_SECONDS = 300  # of a webhook's clock, as Stripe's own libraries allow
TIMEOUT_SECONDS = 10
NONSENSE = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    RecursionError,
)  # in what is no event at all
EXPANDED = ["payment_intent.latest_charge.balance_transaction"]


class GatewayDown(ClinicError):
    """Stripe does not answer, or not now. To be tried again with the same key."""

    status = 503
    sentence = "Paying is not possible at this moment. Your time stays held; try again shortly."


class GatewayRefused(ClinicError):
    """Stripe has said no, and will say so again."""

    status = 409
    sentence = "The payment could not be started. Please call the clinic."


class NotGenuine(ClinicError):
    """Something claims to come from Stripe and does not, or is too old."""

    status = 400
    sentence = "The signature is not right."


class Gateway:
    """One account at Stripe, by its secret key; `address` is another server that speaks the same
    language. Methods raise GatewayDown, or GatewayRefused."""

    def __init__(self, key: str, webhook_secret: str, address: str = "") -> None:
        self._client = _client(key, address)
        self._webhook_secret = webhook_secret
        self._is_live = key.startswith(("sk_live_", "rk_live_"))

    def create(self, order: Order, key: str) -> Session:
        """A session to pay an order in; the same one for the same key."""
        params: Any = {
            "mode": "payment",
            "client_reference_id": order.reference,
            "customer_email": order.email or None,
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(order.expires_at.timestamp()),
            "metadata": {"payment": order.reference},
            "payment_intent_data": {
                "description": order.what,
                "metadata": {"payment": order.reference},
            },
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": order.cents,
                        "product_data": {"name": order.what},
                    },
                }
            ],
        }
        wanted = {name: value for name, value in params.items() if value is not None}
        with _in_our_words():
            made = self._client.v1.checkout.sessions.create(
                wanted,  # type: ignore[arg-type]
                {"idempotency_key": key},
            )
        return session_of(made)

    def session(self, session_id: str) -> Session:
        """A session as it is now."""
        with _in_our_words():
            found = self._client.v1.checkout.sessions.retrieve(session_id, {"expand": EXPANDED})
        return session_of(found)

    def expire(self, session_id: str) -> Session:
        """End a session, if it is still open; as it is then."""
        try:
            with _in_our_words():
                self._client.v1.checkout.sessions.expire(session_id)
        except GatewayRefused:
            pass  # it is paid, on its way or over already: what it is now says which
        return self.session(session_id)

    def refund(self, intent_id: str, cents: int, key: str) -> SentRefund:
        """Give some of what was paid back, once for each key."""
        with _in_our_words():
            made = self._client.v1.refunds.create(
                {"payment_intent": intent_id, "amount": cents, "metadata": {"refund": key}},
                {"idempotency_key": key},
            )
        return refund_of(made)

    def refunds_of(self, intent_id: str) -> list[SentRefund]:
        """All refunds of a payment, the newest first."""
        with _in_our_words():
            found = self._client.v1.refunds.list({"payment_intent": intent_id, "limit": 100})
            return [refund_of(one) for one in found.auto_paging_iter()]

    def sessions_since(self, at: datetime) -> Iterator[Session]:
        """All sessions made since an instant, the newest first."""
        with _in_our_words():
            page = self._client.v1.checkout.sessions.list(
                _since(at, expand=[f"data.{path}" for path in EXPANDED])
            )
            for one in page.auto_paging_iter():
                yield session_of(one)

    def refunds_since(self, at: datetime) -> list[SentRefund]:
        """All refunds made since an instant, the newest first."""
        with _in_our_words():
            page = self._client.v1.refunds.list(_since(at))
            return [refund_of(one) for one in page.auto_paging_iter()]

    def disputes_since(self, at: datetime) -> list[Dispute]:
        """All disputes opened since an instant, the newest first."""
        with _in_our_words():
            page = self._client.v1.disputes.list(_since(at))
            return [dispute_of(one.to_dict()) for one in page.auto_paging_iter()]

    def events_since(self, at: datetime, kinds: list[str]) -> list[Event]:
        """What Stripe has told since an instant, the oldest first. It keeps 30 days."""
        with _in_our_words():
            page = self._client.v1.events.list(_since(at, types=kinds))
            return [event_of(one) for one in page.auto_paging_iter()][::-1]

    def event(self, body: bytes, signature: str) -> Event:
        """What a call of the webhook tells. Raises NotGenuine when Stripe has not signed this very
        body within five minutes, or when it is of another mode than ours."""
        import stripe  # noqa: PLC0415

        try:
            told = self._client.construct_event(body, signature, self._webhook_secret, tolerance=0)
            event, is_live = event_of(told), told.livemode
            json.dumps(event.thing, ensure_ascii=False).encode()  # no half characters
            if event.kind.startswith("charge.dispute."):
                dispute_of(event.thing)
        except (stripe.SignatureVerificationError, *NONSENSE) as fault:
            raise NotGenuine from fault
        # The library lets what was signed in the future pass.
        if abs(clock.now().timestamp() - _signed_at(signature)) > TOLERANCE_SECONDS:
            raise NotGenuine("The event was signed at another time: is this machine's clock right?")
        if is_live is not self._is_live:
            raise NotGenuine("The event is of another mode.")
        return event


@lru_cache(maxsize=4)
def _client(key: str, address: str) -> stripe.StripeClient:
    import stripe  # noqa: PLC0415 (6 MiB that pages without money need not hold)

    stripe.enable_telemetry = False
    logging.getLogger("stripe").setLevel(logging.WARNING)  # it would log each call
    return stripe.StripeClient(
        key,
        base_addresses={"api": address} if address else {},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=1,
    )


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Turn Stripe's errors into ours."""
    import stripe  # noqa: PLC0415

    try:
        yield
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as fault:
        raise GatewayRefused from fault
    except stripe.StripeError as fault:
        raise GatewayDown from fault


def _since(at: datetime, **further: list[str]) -> Any:
    return {"created": {"gte": int(at.timestamp())}, "limit": 100, **further}


def _signed_at(signature: str) -> int:
    """The instant in a signature's header, once that was found right."""
    parts = (part.partition("=") for part in signature.split(","))
    return next(int(value) for name, _, value in parts if name == "t")
