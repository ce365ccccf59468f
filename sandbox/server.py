"""The server: the API under /v1, the hosted page under /pay, the switches under /sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask

from sandbox import api, hosted, switches
from sandbox.checkout import Checkout
from sandbox.events import Events
from sandbox.ledger import Ledger
from sandbox.postman import Postman
from sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Settings:
    """How one sandbox runs. `origin` is its own address; without a webhook events are kept but
    not sent."""

    origin: str
    path: str = ":memory:"
    key: str = "sk_test_sandbox"
    webhook: str = ""
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 (of a toy)
    bank_seconds: float = 0  # after which a bank debit succeeds by itself; 0 for never


@dataclass
class Sandbox:
    """One sandbox: what it remembers, and what can be made to go wrong."""

    settings: Settings
    store: Store
    events: Events
    ledger: Ledger
    checkout: Checkout
    postman: Postman
    clock: Callable[[], float] = time.time
    skew_seconds: int = 0
    broken: api.Broken = field(default_factory=api.Broken)

    def now(self) -> int:
        """The sandbox's time, in epoch seconds."""
        return int(self.clock()) + self.skew_seconds

    def tick(self) -> None:
        """Do what time brings: sessions end, banks answer, events go out."""
        with self.store.turn():
            self.checkout.expire_what_is_over(self.now())
            if self.settings.bank_seconds:
                self._let_banks_answer()
        self.postman.deliver_due(self.now())

    def _let_banks_answer(self) -> None:
        for session in self.store.all("checkout.session"):
            waits = session["status"] == "complete" and session["payment_status"] == "unpaid"
            intent = self.store.find("payment_intent", session["payment_intent"]) if waits else None
            if (
                intent is not None
                and intent["status"] == "processing"
                and self.now() >= intent["created"] + self.settings.bank_seconds
            ):
                self.checkout.settle(session, self.now(), succeeds=True)


def create_sandbox(settings: Settings) -> Flask:
    """The sandbox as a WSGI application; `application.extensions["sandbox"]` is the Sandbox."""
    app = Flask("sandbox", static_folder=None)
    store = Store(settings.path)
    events = Events(store)
    ledger = Ledger(store, events)
    app.extensions["sandbox"] = Sandbox(
        settings,
        store,
        events,
        ledger,
        Checkout(store, ledger, settings.origin.rstrip("/")),
        Postman(store, settings.webhook, settings.webhook_secret),
    )
    for part in (api.bp, hosted.bp, switches.bp):
        app.register_blueprint(part)
    return app
