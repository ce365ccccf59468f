"""Sending what waits in the outbox, at least once, by as many workers as there are.

A worker leases one message in a short transaction, sends it outside of any, and marks it sent if
the lease is still its own. A worker that dies leaves a lease that runs out, and the message is
sent by another: rarely twice, never not at all.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import select, type_coerce, update
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.errors import Busy
from app.extensions import db
from app.messaging import delivery, letters
from app.messaging.delivery import Post
from app.messaging.letters import Letter
from app.messaging.plain import one_line
from app.models import MessageState as State
from app.models import OutboxMessage
from app.transaction import rows_changed, transactional
from app.types import UTCDateTime

# Longer than a mail server can take over one message when each of its answers just keeps within
# the time-out.
LEASE = timedelta(minutes=5)
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 12  # about half an hour of them, for mail that is old because the worker stood still
BATCH_SECONDS = 10
BATCH_SIZE = 100

log = logging.getLogger("docket.worker")


@dataclass(frozen=True, slots=True)
class Lease:
    """One message that has been `owner`'s to send since `at`."""

    message_id: int
    owner: str
    at: datetime


def run_once(owner: str, post: Post, stop: Event | None = None) -> int:
    """Send what is due, for about ten seconds at most; how many messages were sent.

    `owner` names this worker among all. One message that cannot be sent does not stop the rest.
    Raises Busy or SQLAlchemyError when the database fails.
    """
    ends = time.monotonic() + BATCH_SECONDS
    outcomes: Counter[State] = Counter()
    _free_what_dead_workers_left()
    while outcomes.total() < BATCH_SIZE and time.monotonic() < ends:
        lease = None if stop is not None and stop.is_set() else _take_lease(owner)
        if lease is None:
            break
        outcomes[_deliver(lease, post)] += 1
    if outcomes:
        log.info("Mail: %s", ", ".join(f"{number} {state}" for state, number in outcomes.items()))
    return outcomes[State.SENT]


def _deliver(lease: Lease, post: Post) -> State:
    """Send one message, and write down what came of it."""
    letter: Letter | None = None
    try:
        message = db.session.get_one(OutboxMessage, lease.message_id)
        letter = letters.write(message, post.base_url, post.sender, post.links, lease.at)
        email = delivery.compose(message, letter, post) if letter is not None else None
        token = message.details.get("token")
        db.session.rollback()
        if email is not None:
            post.send(email)
    except (Busy, SQLAlchemyError):
        raise
    except Exception as fault:  # noqa: BLE001 (whatever is wrong with one must not stop the rest)
        db.session.rollback()
        return _failed(lease, fault)
    if letter is None:
        return _settled(lease, State.DISSOLVED)
    text = letter.text.replace(token, "…") if token else letter.text
    return _settled(lease, State.SENT, subject=letter.subject[:200], text=text, sent_at=clock.now())


@transactional
def _free_what_dead_workers_left() -> None:
    rows_changed(
        update(OutboxMessage)
        .where(
            OutboxMessage.state == State.SENDING,
            OutboxMessage.leased_until <= clock.database_now(),
        )
        .values(state=State.QUEUED, lease_owner=None, leased_until=None)
    )


@transactional
def _take_lease(owner: str) -> Lease | None:
    """Make the message that has been due for longest this worker's, if there is one."""
    at = db.session.scalars(select(clock.database_now())).one()
    due = (
        select(OutboxMessage.id)
        .where(OutboxMessage.state == State.QUEUED, OutboxMessage.next_try_at <= at)
        .order_by(OutboxMessage.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    number = db.session.scalar(due)
    if number is None:
        return None
    rows_changed(
        update(OutboxMessage)
        .where(OutboxMessage.id == number)
        .values(
            state=State.SENDING,
            lease_owner=owner,
            leased_until=at + LEASE,
            tries=OutboxMessage.tries + 1,
        )
    )
    return Lease(number, owner, at)


@transactional
def _settled(lease: Lease, state: State, **also: Any) -> State:
    """Write down that nothing more is to be done for a message; its token, if it had one, goes."""
    _write(lease, state=state, details=_without_token(lease), error="", **also)
    return state


@transactional
def _failed(lease: Lease, fault: Exception) -> State:
    """Write down that a try has failed, and when the next one is; or that there is none."""
    row = OutboxMessage.__table__.c
    now = type_coerce(clock.database_now(), UTCDateTime())
    query = select(now, row.tries, row.created_at).where(row.id == lease.message_id)
    at, tries, created_at = db.session.execute(query).one()
    error = one_line(f"{type(fault).__name__}: {fault}")[:1000]
    is_old = at - created_at > GIVE_UP_AFTER and tries >= FEWEST_TRIES
    if is_old or delivery.is_final(fault):
        log.warning("Message %s is given up: %s", lease.message_id, error)
        _write(lease, state=State.DEAD, details=_without_token(lease), error=error)
        return State.DEAD
    log.warning("Message %s, try %s: %s", lease.message_id, tries, error)
    _write(lease, state=State.QUEUED, next_try_at=at + _pause_after(tries), error=error)
    return State.QUEUED


def _pause_after(tries: int) -> timedelta:
    """From five seconds to five minutes, doubling; with jitter, so that what failed together is
    not tried together again."""
    pause = FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10) * random.uniform(1, 1.3)  # noqa: S311
    return timedelta(seconds=min(pause, LONGEST_PAUSE_SECONDS))


def _write(lease: Lease, **values: Any) -> None:
    """Change the message, if it is still this worker's."""
    rows_changed(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == lease.message_id,
            OutboxMessage.state == State.SENDING,
            OutboxMessage.lease_owner == lease.owner,
        )
        .values(lease_owner=None, leased_until=None, **values)
    )


def _without_token(lease: Lease) -> dict[str, Any]:
    row = OutboxMessage.__table__.c
    try:
        details = db.session.scalar(select(row.details).where(row.id == lease.message_id)) or {}
    except ValueError:  # not even JSON
        return {}
    return {name: value for name, value in details.items() if name != "token"}
