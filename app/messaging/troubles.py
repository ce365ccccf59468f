"""Messages that do not reach anybody, for the admins' eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.extensions import db
from app.models import MessageState as State
from app.models import OutboxMessage

LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Troubles:
    """How many messages were given up, fail and will be tried again, or wait although their time
    has come, as they do when no worker runs. What an admin has set aside does not count."""

    dead: int = 0
    failing: int = 0
    late: int = 0

    @property
    def total(self) -> int:
        return self.dead + self.failing + self.late


def troubles(at: datetime) -> Troubles:
    """What is wrong with the outbox at an instant: one query, on one index, of what is wrong."""
    rows = db.session.execute(
        select(OutboxMessage.state, func.count())
        .where(is_troubled(at))
        .group_by(OutboxMessage.state)
    )
    counts: dict[State, int] = dict(rows.all())
    late = counts.get(State.QUEUED, 0) + counts.get(State.SENDING, 0)
    return Troubles(counts.get(State.DEAD, 0), counts.get(State.FAILED, 0), late)


def is_troubled(at: datetime) -> ColumnElement[bool]:
    """Messages that were given up, that fail, or that should have left by an instant."""
    return or_(OutboxMessage.state.in_([State.DEAD, State.FAILED]), is_late(at))


def is_late(at: datetime) -> ColumnElement[bool]:
    """Messages that should have left ten minutes before an instant: nobody has taken them, or
    whoever did is gone, or has only just come to them."""
    return and_(
        OutboxMessage.state.in_([State.QUEUED, State.SENDING]),
        OutboxMessage.next_try_at < at - LATE,
    )
