"""Whose turn it is to send a message, kept so that any number of workers may die at any time.

Each step is a short transaction of its own. A lease is taken for several messages at once and
given back for those that were not sent. What a worker writes about a message counts only while
the lease is its own.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import joinedload

from app import clock
from app.extensions import db
from app.messaging.delivery import Kept
from app.models import Appointment, Doctor, MessageAttachment, OutboxMessage, Patient
from app.models import MessageState as State
from app.transaction import rows_changed, transactional

LEASE = timedelta(minutes=5)
# A mail server can take over one message in a dozen answers, each just within the time-out.
EXCHANGE = timedelta(minutes=4)
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 12  # about half an hour of them, for mail that is old because no worker ran

# The tables themselves, where SQLAlchemy's objects would only take time.
MESSAGES = cast("Table", OutboxMessage.__table__)
ATTACHMENTS = cast("Table", MessageAttachment.__table__)

# What a letter may speak of, read in one query: a worker spends most of its time on queries.
WITH_ALL_IT_SAYS = (
    joinedload(OutboxMessage.user),
    joinedload(OutboxMessage.appointment).options(
        joinedload(Appointment.location),
        joinedload(Appointment.visit_type),
        joinedload(Appointment.doctor).joinedload(Doctor.user),
        joinedload(Appointment.patient).joinedload(Patient.user),
    ),
)

log = logging.getLogger("docket.worker")


@dataclass(frozen=True, slots=True)
class Lease:
    """One message that is `owner`'s to send; `state` is the one that it was in before."""

    message_id: int
    owner: str
    state: State


class TooLate(Exception):
    """The lease is over, or too short for a mail server that takes its time."""


class TooEarly(Exception):
    """The message may not leave before the instant `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


@transactional
def take(owner: str, most: int) -> list[Lease]:
    """Make the messages that have been due for longest this worker's, up to `most` of them."""
    at = db.session.scalars(select(clock.database_now())).one()
    _end_leases_of_the_dead(at)
    due = sorted([*_due(State.QUEUED, at, most), *_due(State.FAILED, at, most)])[:most]
    leased = [Lease(number, owner, State(state)) for _, number, state in due]
    if leased:
        rows_changed(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_([lease.message_id for lease in leased]))
            .values(
                state=State.SENDING,
                lease_owner=owner,
                leased_until=at + LEASE,
                tries=OutboxMessage.tries + 1,
            )
        )
    return leased


def messages_of(leases: Collection[Lease]) -> dict[Lease, tuple[OutboxMessage, datetime]]:
    """The leased messages, each with the database's present instant, in one query; without those
    whose lease is over or too short."""
    mine = (
        select(OutboxMessage, clock.database_now())
        .options(*WITH_ALL_IT_SAYS)
        .where(
            OutboxMessage.id.in_([lease.message_id for lease in leases]),
            OutboxMessage.state == State.SENDING,
            OutboxMessage.lease_owner.in_({lease.owner for lease in leases}),
        )
    )
    by_number = {lease.message_id: lease for lease in leases}
    return {
        by_number[message.id]: (message, at)
        for message, at in db.session.execute(mine)
        if message.leased_until is not None and message.leased_until - at >= EXCHANGE
    }


@transactional
def give_back(leases: Sequence[Lease]) -> None:
    """Leave messages that nobody tried to send as they were before."""
    for lease in leases:
        _write(lease, state=lease.state, tries=OutboxMessage.tries - 1)


@transactional
def put_off(lease: Lease, until: datetime) -> None:
    """Leave a message as it was before, to be looked at again at an instant."""
    _write(lease, state=lease.state, tries=OutboxMessage.tries - 1, next_try_at=until)


@transactional
def sent(lease: Lease, kept: Kept) -> State:
    """Write down that a message has gone out, and what it said; its token goes."""
    is_mine = _write(
        lease,
        state=State.SENT,
        error="",
        details=kept.details,
        sent_at=clock.now(),
        subject=kept.subject,
        text=kept.text,
        html=kept.html,
    )
    if is_mine:
        files = [
            {"message_id": lease.message_id, "position": position, **file}
            for position, file in enumerate(kept.attachments)
        ]
        if files:
            db.session.connection().execute(insert(ATTACHMENTS), files)
    return State.SENT


@transactional
def dissolved(lease: Lease, kept: Kept) -> State:
    """Write down that a message has nothing true to say any more."""
    _write(lease, state=State.DISSOLVED, error="", details=kept.details)
    return State.DISSOLVED


@transactional
def failed(lease: Lease, error: str, *, is_final: bool) -> State:
    """Write down that a try has failed, and when the next one is; or that there is none."""
    query = _history().where(OutboxMessage.id == lease.message_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        return State.DEAD
    at = db.session.scalars(select(clock.database_now())).one()
    values = _after_a_failure(at, row, is_final=is_final)
    log.warning("Message %s, try %s: %s", lease.message_id, row.tries, error)
    _write(lease, error=error, **values)
    return State(values["state"])


def _end_leases_of_the_dead(at: datetime) -> None:
    """A message whose worker has not been heard of counts as failed. Pauses that grow keep one
    that is the death of each of its workers from holding up those beside it."""
    over = _history().where(OutboxMessage.state == State.SENDING, OutboxMessage.leased_until <= at)
    for row in db.session.execute(over).all():
        log.warning("Message %s, try %s: its worker has gone", row.id, row.tries)
        _write(
            Lease(row.id, row.lease_owner, State.FAILED),
            error="The worker that was to send this has gone",
            **_after_a_failure(at, row, is_final=False),
        )


def _history() -> Any:
    return select(
        OutboxMessage.id,
        OutboxMessage.lease_owner,
        OutboxMessage.tries,
        OutboxMessage.created_at,
        OutboxMessage.not_before,
    )


def _after_a_failure(at: datetime, row: Any, *, is_final: bool) -> dict[str, Any]:
    age = at - max(row.created_at, row.not_before)
    if is_final or (age > GIVE_UP_AFTER and row.tries >= FEWEST_TRIES):
        return {"state": State.DEAD, "details": _without_token(row.id)}
    return {"state": State.FAILED, "next_try_at": at + _pause_after(row.tries)}


def _without_token(message_id: int) -> dict[str, Any]:
    row = OutboxMessage.__table__.c
    try:
        details = db.session.scalar(select(row.details).where(row.id == message_id)) or {}
    except ValueError:  # not even JSON
        return {}
    return {name: value for name, value in details.items() if name != "token"}


def _pause_after(tries: int) -> timedelta:
    """From five seconds to five minutes, doubling; with jitter, so that what failed together is
    not tried together again."""
    longest = min(FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=longest * random.uniform(0.75, 1))  # noqa: S311


def _due(state: State, at: datetime, most: int) -> list[tuple[datetime, int, str]]:
    rows = db.session.execute(
        select(OutboxMessage.next_try_at, OutboxMessage.id)
        .where(OutboxMessage.state == state, OutboxMessage.next_try_at <= at)
        .order_by(OutboxMessage.next_try_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [(due_at, number, state.value) for due_at, number in rows]


def _write(lease: Lease, **values: Any) -> bool:
    """Change the message, if it is still its owner's; whether it was."""
    row = MESSAGES.c
    still_mine = (
        update(MESSAGES)
        .where(
            row.id == lease.message_id,
            row.state == State.SENDING,
            row.lease_owner == lease.owner,
        )
        .values(lease_owner=None, leased_until=None, **values)
    )
    return db.session.connection().execute(still_mine).rowcount > 0
