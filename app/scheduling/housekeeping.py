"""What the worker does for the schedule, a little at a time. Any of it may be late, or done by two
workers at once: openings are right without it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.extensions import db
from app.scheduling import claims, floors, holds, openings
from app.transaction import is_duplicate

FLOORS_AT_ONCE = 50
CLAIMS_PURGED = (timedelta(days=3), timedelta(days=1))


def keep_fresh() -> None:
    """End the holds that are over, and raise the floors of some doctors."""
    holds.sweep()
    for doctor in floors.stale(openings.desk(), FLOORS_AT_ONCE):
        try:
            floors.raise_for(doctor)
        except IntegrityError as fault:  # another worker has just written this doctor's first one
            if not is_duplicate(fault, "PRIMARY", "opening_floors"):
                raise


def purge_claims() -> int:
    """Delete the claims of visits that started between three days and one day ago; how many."""
    now = db.session.scalars(select(clock.database_now())).one()
    since, until = (now - ago for ago in CLAIMS_PURGED)
    return claims.purge(until=until, since=since)
