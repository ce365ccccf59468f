"""Events are genuinely signed, and go wrong when they are told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from tests.sandbox.conftest import Bank

SECRET = "whsec_sandbox"


@dataclass
class Webhook:
    """A webhook that keeps what comes, and answers as told."""

    address: str
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """The kinds of what came and was signed rightly. Raises SignatureVerificationError."""
        pairs = zip(self.bodies, self.signatures, strict=True)
        return [stripe.Webhook.construct_event(body, signed, SECRET).type for body, signed in pairs]


@pytest.fixture
def webhook(bank: Bank) -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            kept.signatures.append(self.headers["Stripe-Signature"])
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept = Webhook(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    bank.sandbox.postman.webhook = kept.address
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def deliver(bank: Bank, *, after_seconds: float = 0) -> None:
    """Deliver what is due some seconds from now."""
    for delivery in bank.sandbox.store.due(time.time() + after_seconds):
        bank.sandbox.store.deliver(delivery.event_id, 0, delivery.tries)
    bank.sandbox.postman.deliver_due(bank.sandbox.now())


def test_a_payment_tells_of_itself_signed(bank: Bank, webhook: Webhook) -> None:
    bank.visit(bank.order().id, "card")
    deliver(bank)
    assert webhook.kinds() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    event = bank.sandbox.store.all("event")[0]
    assert event["pending_webhooks"] == 0


def test_a_webhook_that_fails_is_asked_again(bank: Bank, webhook: Webhook) -> None:
    webhook.answers = [500]
    bank.client.v1.checkout.sessions.expire(bank.order().id)
    deliver(bank)
    deliver(bank)
    assert len(webhook.bodies) == 1
    deliver(bank, after_seconds=2)
    assert webhook.bodies[0] == webhook.bodies[1]
    deliver(bank, after_seconds=1000)
    assert len(webhook.bodies) == 2


def test_events_can_be_lost_and_doubled(bank: Bank, webhook: Webhook) -> None:
    bank.make(lose=True)
    bank.client.v1.checkout.sessions.expire(bank.order().id)
    bank.make(twice=True)
    bank.client.v1.checkout.sessions.expire(bank.order().id)
    deliver(bank)
    assert webhook.kinds() == ["checkout.session.expired"] * 2
    assert len(bank.client.v1.events.list({"types": ["checkout.session.expired"]}).data) == 2


def test_events_can_be_late(bank: Bank, webhook: Webhook) -> None:
    bank.make(delay_seconds=100)
    bank.client.v1.checkout.sessions.expire(bank.order().id)
    deliver(bank)
    assert webhook.bodies == []
    deliver(bank, after_seconds=101)
    assert webhook.kinds() == ["checkout.session.expired"]


def test_the_switches_work_by_http(bank: Bank) -> None:
    browser = bank.app.test_client()
    browser.post("/sandbox/switches", json={"requests": {"down": True}, "skew_seconds": 600})
    with pytest.raises(stripe.APIError):
        bank.order()
    browser.post("/sandbox/switches", json={})
    session = bank.order()
    bank.visit(session.id, "card")
    records = browser.get("/sandbox/records").get_json()
    assert [charge["amount"] for charge in records["charge"]] == [4500]
    told = browser.get("/sandbox/events").get_json()
    for one in told:
        stripe.Webhook.construct_event(one["body"], one["signature"], SECRET)
    assert told[-1]["type"] == "checkout.session.completed"
