"""The worker: it sends the mail and keeps house, in one loop that only a signal ends."""

from __future__ import annotations

import logging
import os
import random
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from flask import Flask

from app.accounts import housekeeping as accounts_housekeeping
from app.checkout import reconciling, refunding, sweeping
from app.checkout.gateway import GatewayDown
from app.checkout.starting import till_of
from app.directory import portraits, profiles
from app.errors import Busy
from app.extensions import mail
from app.mail_server import Unavailable
from app.messaging import housekeeping as messaging_housekeeping
from app.messaging import mishaps
from app.messaging import worker as mail_worker
from app.messaging.delivery import Post, into_folder
from app.messaging.plain import one_line
from app.messaging.planning import Planner
from app.scheduling import housekeeping, no_shows
from app.signing import Signer
from config import Config

PAUSE_SECONDS = 2
LONGEST_PAUSE_SECONDS = 30
LONGEST_MAIL_PAUSE_SECONDS = 60
TIDY_EVERY_SECONDS = 3600
TIDYING = (
    housekeeping.purge_claims,
    accounts_housekeeping.tidy,
    accounts_housekeeping.forget_unconfirmed,
    messaging_housekeeping.forget_contents,
    no_shows.settle_up,
)

log = logging.getLogger("docket.worker")

T = TypeVar("T")


def _unless_down(part: Callable[[T], Any], at: T) -> None:
    """Do a part that needs the gateway; what it cannot do now it does in another turn."""
    try:
        part(at)
    except GatewayDown as fault:
        log.warning("The payment gateway does not answer: %s", one_line(str(fault.__cause__))[:300])


@contextmanager
def post_of(config: Config) -> Iterator[Post]:
    """How an installation sends for a while: by its mail server, or else into files."""
    links = Signer(config.secret_key)
    if not config.mail_server:
        folder = into_folder(config.instance / "mail")
        yield Post(config.base_url, config.mail_sender, folder, links)
        return
    with mail.delivery() as send:
        yield Post(config.base_url, config.mail_sender, send, links)


@dataclass
class Turn:
    """What came of one turn: messages sent, whether mail can leave at all, and whether anything
    else failed."""

    sent: int = 0
    mail_is_stuck: bool = False
    failed: bool = False


@dataclass
class Worker:
    """One of any number of workers on a database."""

    app: Flask
    stop: Event = field(default_factory=Event)
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"
    )
    _tidied_at: float = field(init=False, default=float("-inf"))
    _planner: Planner = field(init=False, default_factory=Planner)
    _mail_pause: float = field(init=False, default=0)
    _mail_rests_until: float = field(init=False, default=float("-inf"))

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the message that is being sent is finished first, and
        those that were to follow are given back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        log.info("The worker %s has started.", self.name)
        pause = PAUSE_SECONDS
        while not self.stop.is_set():
            turn = self.once()
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS) if turn.failed else PAUSE_SECONDS
            self.stop.wait(0 if turn.sent else pause)
        log.info("The worker %s has stopped.", self.name)

    def once(self) -> Turn:
        """Do everything that is due now. A part that fails is logged and holds up no other."""
        turn = Turn()
        parts: list[Callable[[], Any]] = [
            partial(self._send_mail, turn),
            housekeeping.keep_fresh,
            *self._money(),
            self._planner.turn,
        ]
        is_time_to_tidy = time.monotonic() - self._tidied_at > TIDY_EVERY_SECONDS
        if is_time_to_tidy:
            parts += TIDYING
            folder = Path(self.app.instance_path) / portraits.FOLDER
            parts.append(partial(profiles.sweep_portraits, folder))
        for part in parts:
            try:
                with self.app.app_context():
                    part()
            except Busy as fault:  # the others would only wait for the database in vain
                turn.failed = True
                log.error("The database does not answer: %s", one_line(str(fault.__cause__))[:300])
                return turn
            except Exception:
                turn.failed = True
                log.exception("A part of the work has failed.")
        if is_time_to_tidy:
            self._tidied_at = time.monotonic()
        return turn

    def _money(self) -> list[Callable[[], Any]]:
        """What is to be done about payments, where there are any; each by itself, so that one
        that waits for the gateway holds up no other."""
        config = self.app.config["DOCKET"]
        if not config.takes_payments:
            return []
        till = till_of(config)
        return [
            partial(_unless_down, sweeping.end_what_is_over, till),
            partial(_unless_down, sweeping.look_again, till.gateway),
            partial(_unless_down, refunding.send_due, till.gateway),
            partial(_unless_down, reconciling.reconcile_when_due, till.gateway),
        ]

    def _send_mail(self, turn: Turn) -> None:
        """Send what is due, unless the mail server has just been found dead: the others of this
        worker's parts do not wait for it, and it is asked ever more seldom."""
        if time.monotonic() < self._mail_rests_until:
            return
        try:
            with post_of(self.app.config["DOCKET"]) as post:
                turn.sent = mail_worker.run_once(self.name, post, self.stop)
        except Unavailable as fault:
            turn.mail_is_stuck = True
            longest = min(2 * self._mail_pause or PAUSE_SECONDS, LONGEST_MAIL_PAUSE_SECONDS)
            self._mail_pause = longest
            # Jitter, so that workers do not all come back to the mail server at once.
            pause = longest * random.uniform(0.75, 1)  # noqa: S311
            self._mail_rests_until = time.monotonic() + pause
            log.warning("No mail for %.0f s: %s", pause, mishaps.in_words(fault))
        if turn.sent:
            self._mail_pause = 0
