"""Messages that do not reach anybody, for the admins' eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.extensions import db
from app.models import MessageState, OutboxMessage

LATE = timedelta(minutes=10)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Troubles:
    """How many messages were given up, fail again and again, or wait although their time has
    come, as they do when no worker runs; and the latest of them."""

    dead: int
    failing: int
    late: int
    latest: Sequence[OutboxMessage]

    @property
    def total(self) -> int:
        return self.dead + self.failing + self.late


def troubles(at: datetime) -> Troubles:
    """What is wrong with the outbox at an instant; two queries on one index."""
    dead = OutboxMessage.state == MessageState.DEAD
    queued = OutboxMessage.state == MessageState.QUEUED
    failing = and_(queued, OutboxMessage.tries > 0)
    late = and_(queued, OutboxMessage.tries == 0, OutboxMessage.next_try_at < at - LATE)
    counts = db.session.execute(
        select(_count(dead), _count(failing), _count(late)).where(or_(dead, queued))
    ).one()
    latest = db.session.scalars(
        select(OutboxMessage)
        .where(or_(dead, failing, late))
        .order_by(OutboxMessage.id.desc())
        .limit(SHOWN)
    ).all()
    return Troubles(*counts, latest)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))  # MariaDB knows no FILTER
