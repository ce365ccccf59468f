from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe
from flask import Flask
from werkzeug.serving import make_server

from sandbox import Settings, create_sandbox
from sandbox.events import Mischief
from sandbox.server import Sandbox

ORDER: dict[str, Any] = {
    "mode": "payment",
    "client_reference_id": "a payment of ours",
    "success_url": "https://clinic.example/payment-success/?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://clinic.example/appointment/",
    "metadata": {"payment": "a payment of ours"},
    "payment_intent_data": {"description": "First visit", "metadata": {"payment": "ours"}},
    "line_items": [
        {
            "price_data": {
                "currency": "eur",
                "unit_amount": 4500,
                "product_data": {"name": "First visit"},
            },
            "quantity": 1,
        }
    ],
}


@dataclass
class Bank:
    """A running sandbox, and the library that talks to it."""

    app: Flask
    client: stripe.StripeClient
    sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = self.app.extensions["sandbox"]

    def order(self, key: str = "", **also: Any) -> stripe.checkout.Session:
        """A new session, for 45.00 EUR unless it says otherwise."""
        params: Any = {**ORDER, **also}
        options: Any = {"idempotency_key": key} if key else {}
        return self.client.v1.checkout.sessions.create(params=params, options=options)

    def visit(self, session_id: str, way: str) -> int:
        """Press a button of the hosted page; the status of the answer."""
        return self.app.test_client().post(f"/pay/{session_id}", data={"way": way}).status_code

    def decide(self, session_id: str, way: str) -> int:
        """Let a bank decide."""
        return self.app.test_client().post(f"/sandbox/sessions/{session_id}/{way}").status_code

    def told(self) -> list[str]:
        """The kinds of all events, in order."""
        return [event["type"] for event in reversed(self.sandbox.store.all("event"))]

    def make(self, **mischief: Any) -> None:
        """Let events go wrong."""
        self.sandbox.events.mischief = Mischief(**mischief)


@pytest.fixture
def bank() -> Iterator[Bank]:
    app = create_sandbox(Settings(origin="http://127.0.0.1"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    client = stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"http://127.0.0.1:{server.server_port}"},
        max_network_retries=0,
    )
    yield Bank(app, client)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def soon() -> int:
    """The shortest time that a session may last from now, as an epoch second."""
    return int(time.time()) + 30 * 60
