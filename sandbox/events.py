"""Events: written with what they tell of, signed as Stripe signs, and sent to the webhook until it
takes them; with switches to lose, delay, double and reorder them."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from dataclasses import dataclass

from sandbox.store import Store, Thing, new_id

API_VERSION = "2026-10-28.endive"


@dataclass
class Mischief:
    """What goes wrong with events on their way."""

    lose: bool = False
    twice: bool = False
    reorder: bool = False
    delay_seconds: float = 0


class Events:
    """Writes events and puts them on their way."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.mischief = Mischief()

    def tell(self, kind: str, thing: Thing, at: int) -> Thing:
        """Write an event about an object as it is now, and send it."""
        event: Thing = {
            "id": new_id("event"),
            "object": "event",
            "api_version": API_VERSION,
            "created": at,
            "data": {"object": public(thing)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.store.keep(event)
        if not self.mischief.lose:
            for _ in range(2 if self.mischief.twice else 1):
                self.store.deliver(event["id"], at + self._pause())
        return event

    def _pause(self) -> float:
        shuffle = random.uniform(0, 2) if self.mischief.reorder else 0  # noqa: S311
        return self.mischief.delay_seconds + shuffle


def public(thing: Thing) -> Thing:
    """An object as the API shows it."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def body_of(event: Thing) -> bytes:
    """The raw body by which the webhook gets an event."""
    return json.dumps(event, indent=2).encode()


def signature(body: bytes, secret: str, at: int) -> str:
    """The Stripe-Signature header of a body at an epoch second."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"
