"""Takes events to the webhook, again and again until it answers with 2xx, like Stripe does."""

from __future__ import annotations

import logging
import time
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import Request, urlopen

from sandbox.events import body_of, signature
from sandbox.store import Store

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1, 300
MOST_TRIES = 50
TIMEOUT_SECONDS = 10

log = logging.getLogger("sandbox")


class Postman:
    """Delivers what is due. `webhook` may be empty: then nothing leaves."""

    def __init__(self, store: Store, webhook: str, secret: str) -> None:
        self.store, self.webhook, self.secret = store, webhook, secret

    def deliver_due(self, at: int) -> int:
        """Try each delivery that is due once; how many the webhook took."""
        if not self.webhook:
            return 0
        taken = 0
        for delivery in self.store.due(time.time()):
            event = self.store.find("event", delivery.event_id)
            if event is None:
                continue
            body = body_of(event)
            if self._post(body, signature(body, self.secret, at)):
                taken += 1
                self.store.keep(event | {"pending_webhooks": 0})
            elif delivery.tries + 1 < MOST_TRIES:
                pause = min(FIRST_PAUSE_SECONDS * 2**delivery.tries, LONGEST_PAUSE_SECONDS)
                self.store.deliver(delivery.event_id, time.time() + pause, delivery.tries + 1)
        return taken

    def _post(self, body: bytes, signed: str) -> bool:
        request = Request(  # noqa: S310 (the operator's own address)
            self.webhook,
            data=body,
            headers={"Content-Type": "application/json", "Stripe-Signature": signed},
        )
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return 200 <= int(answer.status) < 300
        except (URLError, OSError, HTTPException) as fault:
            log.info("The webhook did not take an event: %s", fault)
            return False
