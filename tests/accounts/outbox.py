"""Reading what waits to be mailed."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.models import MessageKind, OutboxMessage


def mails(kind: MessageKind | None = None, to: str | None = None) -> list[OutboxMessage]:
    """The messages in the outbox, the oldest first."""
    db.session.rollback()  # what others wrote meanwhile
    found = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    return [one for one in found if kind in {None, one.kind} and to in {None, one.recipient}]


def token_of(kind: MessageKind, to: str) -> str:
    """The token of the last link of a kind that goes to an address."""
    return str(mails(kind, to)[-1].details["token"])
