"""What time causes, and not a change: one worker's planning of it, every few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.messaging import agendas, reminders

EVERY = timedelta(minutes=2)


@dataclass
class Planner:
    """Plans on from where it stopped; at first, and after it stood still, from a day ago at most.
    Others may plan the same at the same time."""

    _planned_at: datetime | None = None

    def turn(self) -> int:
        """Put what is due soon into the outbox, if the last time is some minutes ago; how many
        messages that makes."""
        at = db.session.scalars(select(clock.database_now())).one()
        since = self._planned_at
        if since is not None and since <= at < since + EVERY:
            return 0
        planned = reminders.plan(at, since) + agendas.plan(at, since)
        self._planned_at = at
        return planned
