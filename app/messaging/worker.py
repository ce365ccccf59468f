"""Sending what waits in the outbox, at least once, by as many workers as there are.

A worker leases some messages in one short transaction, sends each outside of any, and marks it
sent if the lease is still its own. A worker that dies leaves leases that run out, and what it had
is sent by another: rarely twice, never not at all.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from threading import Event

from sqlalchemy.exc import InterfaceError, OperationalError

from app import clock
from app.errors import Busy
from app.extensions import db
from app.mail_server import Unavailable
from app.messaging import delivery, leases, letters, mishaps, reminders
from app.messaging.delivery import Kept, Post
from app.messaging.leases import Lease
from app.models import MessageState as State
from app.models import OutboxMessage

TURN_SECONDS = 10
LEASED_AT_ONCE = 50
TRUE_FOR = timedelta(seconds=1)  # what was read of a message longer ago is read again
MARK_AGAIN_AFTER_SECONDS = (1, 2, 4, 8, 16)
DATABASE_IS_AWAY = (Busy, OperationalError, InterfaceError)

log = logging.getLogger("docket.worker")


@dataclass(frozen=True, slots=True)
class Parcel:
    """An e-mail ready to go, none if there is nothing true to say, and what is kept of it."""

    email: EmailMessage | None
    kept: Kept


def run_once(owner: str, post: Post, stop: Event | None = None) -> int:
    """Send what is due, for about ten seconds at most; how many messages were sent.

    `owner` names this worker among all. One message that cannot be sent does not stop the rest.
    Raises Unavailable when the mail server takes nothing now, which counts as a failure of the
    message that met it alone; Busy or SQLAlchemyError when the database fails.
    """
    turn = _Turn(post, time.monotonic() + TURN_SECONDS, stop or Event())
    try:
        while not turn.is_over() and (leased := leases.take(owner, LEASED_AT_ONCE)):
            turn.work_off(leased)
    finally:
        if turn.outcomes:
            counts = (f"{number} {state}" for state, number in turn.outcomes.items())
            log.info("Mail: %s", ", ".join(counts))
    return turn.outcomes[State.SENT]


class _Turn:
    """One run over what is due."""

    def __init__(self, post: Post, ends: float, stop: Event) -> None:
        self.outcomes: Counter[State] = Counter()
        self._post, self._ends, self._stop = post, ends, stop

    def is_over(self) -> bool:
        return self._stop.is_set() or time.monotonic() > self._ends

    def work_off(self, leased: list[Lease]) -> None:
        """Send the leased messages; what is not tried is given back."""
        waiting = deque(leased)
        packed: dict[Lease, Parcel | Exception] = {}
        packed_at: datetime | None = None
        try:
            while waiting and not self.is_over():
                if packed_at is None or not packed_at <= clock.now() <= packed_at + TRUE_FOR:
                    packed_at, packed = clock.now(), self._pack(waiting)
                lease = waiting.popleft()
                self._deliver(lease, packed[lease])
        finally:
            if waiting:
                leases.give_back(waiting)

    def _deliver(self, lease: Lease, parcel: Parcel | Exception) -> None:
        """Send one message, and write down what came of it."""
        try:
            if isinstance(parcel, Exception):
                raise parcel
            if parcel.email is not None:
                self._post.send(parcel.email)
        except leases.TooLate:
            db.session.rollback()
            leases.give_back([lease])
        except leases.TooEarly as early:
            leases.put_off(lease, early.until)
        except DATABASE_IS_AWAY:
            raise
        except Exception as fault:  # whatever is wrong with one must not stop the rest
            db.session.rollback()
            outcome = leases.failed(
                lease, mishaps.in_words(fault), is_final=mishaps.is_final(fault)
            )
            self.outcomes[outcome] += 1
            if isinstance(fault, Unavailable):
                raise
        else:
            self.outcomes[self._settle(lease, parcel)] += 1

    def _pack(self, leased: Collection[Lease]) -> dict[Lease, Parcel | Exception]:
        """The messages as they are true now, or why one cannot be written; the reading transaction
        is over then."""
        packed: dict[Lease, Parcel | Exception] = dict.fromkeys(leased, leases.TooLate())
        try:
            for lease, (message, at) in leases.messages_of(leased).items():
                packed[lease] = self._write(message, at)
        except DATABASE_IS_AWAY:
            raise
        except Exception as fault:  # noqa: BLE001 (one that is wrong must not stop the rest)
            db.session.rollback()
            if len(leased) == 1:
                return dict.fromkeys(leased, fault)
            return {lease: parcel for one in leased for lease, parcel in self._pack([one]).items()}
        db.session.rollback()
        return packed

    def _write(self, message: OutboxMessage, at: datetime) -> Parcel | Exception:
        if until := reminders.rests_until(message, at):
            return leases.TooEarly(until)
        post = self._post
        letter = letters.write(message, post.base_url, post.sender, post.links, at)
        parcel = Parcel(None, delivery.nothing_kept(message))
        if letter is not None:
            email = delivery.compose(message, letter, post)
            parcel = Parcel(email, delivery.kept(message, letter))
        return parcel

    def _settle(self, lease: Lease, parcel: Parcel) -> State:
        """Write down that a message is done with. One that has gone out would go out again if the
        database could not be told, so a database that fails is given half a minute."""
        settle = leases.sent if parcel.email is not None else leases.dissolved
        for pause in MARK_AGAIN_AFTER_SECONDS:
            try:
                return settle(lease, parcel.kept)
            except Busy:
                log.warning("Message %s waits for the database to be marked.", lease.message_id)
                self._stop.wait(pause)
        return settle(lease, parcel.kept)
