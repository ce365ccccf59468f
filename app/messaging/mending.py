"""What admins do about messages: try those again that failed, send one again, or set one aside.

Each change compares the state that it meets with the one it is for, so that neither a worker nor
another admin is overrun: of two who press the same button, one has done it and the other reads so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update

from app import clock
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.messaging import outbox, sent
from app.messaging.told import AGAIN_OF
from app.messaging.truth import LINKS, is_still_true
from app.models import MessageState as State
from app.models import OutboxMessage, Role, User
from app.transaction import Overtaken, rows_changed, transactional

AT_ONCE = 500
ENDED_BADLY = (State.DEAD, State.SET_ASIDE)
RETRYABLE = (State.FAILED, *ENDED_BADLY)
MEANWHILE = {
    State.QUEUED: "This message waits to be sent already.",
    State.SENDING: "This message is being sent just now.",
    State.SENT: "This message has been sent meanwhile.",
    State.DISSOLVED: "This message is no longer true, so it is not sent.",
    State.FAILED: "This message is being tried again by itself.",
    State.DEAD: "This message is given up.",
    State.SET_ASIDE: "This message is set aside already.",
}


class Meanwhile(ClinicError):
    """The message has got on since the admin saw it; the sentence says to where."""


class NotRepeatable(ClinicError):
    """This message cannot be sent once more; the sentence says why."""


def holds_a_link(message: OutboxMessage) -> bool:
    """Whether a message is there for a link that opens an account, and is good once."""
    return message.kind in LINKS


def may_try_again(message: OutboxMessage) -> bool:
    """Whether it can be tried now: it failed, and still has all that it needs. The link of an
    account is forgotten when its message is given up."""
    return message.state in RETRYABLE and not (
        message.state in ENDED_BADLY and holds_a_link(message)
    )


def may_send_again(message: OutboxMessage) -> bool:
    """Whether it may be asked for once more; what it says has still to be true then."""
    return message.state is State.SENT and not holds_a_link(message) and message.user is not None


@transactional
def try_again(number: int, actor: User) -> None:
    """Let the worker take a message that failed or was given up at once, and start its tries anew.

    Raises NotFound, NotAllowed, Meanwhile, NotRepeatable.
    """
    _check(actor)
    message = sent.message_of(number)
    if message.state not in RETRYABLE:
        raise Meanwhile(MEANWHILE[message.state])
    if not may_try_again(message):
        raise NotRepeatable("The link in this message is forgotten. Let a new one be made.")
    _change(
        message,
        State.QUEUED,
        actor,
        "message.retried",
        tries=0,
        error="",
        next_try_at=clock.database_now(),
    )


@transactional
def set_aside(number: int, actor: User) -> None:
    """Let a message that was given up alarm nobody any more. Raises NotFound, NotAllowed,
    Meanwhile."""
    _check(actor)
    message = sent.message_of(number)
    if message.state is not State.DEAD:
        raise Meanwhile(MEANWHILE[message.state])
    _change(message, State.SET_ASIDE, actor, "message.set_aside")


def how_many_may_be_tried() -> int:
    """How many messages failed or were given up, and could be tried now; set aside ones stay."""
    some = select(func.count()).select_from(OutboxMessage).where(_may_all_be_tried())
    return db.session.scalar(some) or 0


@transactional
def try_all_again(actor: User) -> int:
    """Let the worker take what failed and what was given up at once, the oldest 500 of it; how
    many that were. What a worker has in hand at the moment is left to it. Raises NotAllowed."""
    _check(actor)
    messages = db.session.scalars(
        select(OutboxMessage)
        .options(*sent.WITHOUT_BODY)
        .where(_may_all_be_tried())
        .order_by(OutboxMessage.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for message in messages:
        was, now = _as_it_was(message), {"state": State.QUEUED.value}
        _record(message, actor, "message.retried", was, now)
    rows_changed(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_([message.id for message in messages]),
            OutboxMessage.state.in_([State.FAILED, State.DEAD]),
        )
        .values(state=State.QUEUED, tries=0, error="", next_try_at=clock.database_now())
    )
    return len(messages)


@dataclass(frozen=True, slots=True)
class Repeat:
    """What was written: a message of its own, to somebody's present address."""

    number: int
    recipient: str


@transactional
def send_again(number: int, newest: int, actor: User, at: datetime) -> Repeat:
    """Write a message of the same kind as one that was sent, which says what is true at `at`.

    `newest` is the latest of the message and its repeats that the actor has seen. Raises NotFound,
    NotAllowed, NotRepeatable, ChangedMeanwhile.
    """
    _check(actor)
    # Whoever repeats the same news waits here for whoever is doing so just now.
    latest = select(OutboxMessage.id).where(OutboxMessage.id == newest)
    db.session.execute(latest.with_for_update())
    message = sent.message_of(number)
    user = _may_get_it_again(message)
    family = sent.family_of(message)
    if family[0].id != newest:
        raise ChangedMeanwhile("Somebody has just sent this again. Look at it before you go on.")
    key = f"again:{newest}"
    first = family[-1].id
    details = {name: value for name, value in message.details.items() if name != "token"}
    outbox.put(
        message.kind,
        user,
        key,
        appointment=message.appointment,
        details={**details, AGAIN_OF: first},
    )
    repeat = db.session.scalars(select(OutboxMessage).filter_by(dedupe_key=key)).one()
    if not is_still_true(repeat, at):
        raise NotRepeatable("What this message says is no longer true, so it is not sent again.")
    _record(message, actor, "message.sent_again", None, {"sent_again_as": repeat.id})
    return Repeat(repeat.id, repeat.recipient)


def _may_get_it_again(message: OutboxMessage) -> User:
    if holds_a_link(message):
        raise NotRepeatable("Its link is good once, and for one person. Let a new one be made.")
    if message.state is not State.SENT:
        raise NotRepeatable(MEANWHILE[message.state])
    if message.user is None or not message.user.email:
        raise NotRepeatable("Nobody with an e-mail address belongs to this message any more.")
    return message.user


def _change(message: OutboxMessage, to: State, actor: User, action: str, **values: Any) -> None:
    changed = rows_changed(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.state == message.state,
            OutboxMessage.tries == message.tries,
        )
        .values(state=to, **values)
    )
    if changed != 1:
        raise Overtaken  # the worker or another admin was faster: look again
    _record(message, actor, action, _as_it_was(message), {"state": to.value})


def _as_it_was(message: OutboxMessage) -> dict[str, Any]:
    return {"state": message.state.value, "tries": message.tries, "error": message.error}


def _record(
    message: OutboxMessage,
    actor: User,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    name = f"{sent.kind_in_words(message.kind)}, to {message.recipient}"
    audit.record(actor, action, message, name=name, before=before, after=after)


def _may_all_be_tried() -> ColumnElement[bool]:
    is_forgotten = and_(OutboxMessage.state == State.DEAD, OutboxMessage.kind.in_(list(LINKS)))
    return and_(OutboxMessage.state.in_([State.FAILED, State.DEAD]), ~is_forgotten)


def _check(actor: User) -> None:
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
