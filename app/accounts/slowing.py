"""Slowing down whoever tries the same address again and again: counted in the database, for all
servers together, and alike for addresses that we know and that we do not.

Nobody is ever locked out: the wait grows to a quarter of an hour and no further, and a quarter of
an hour without tries forgets everything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.extensions import db
from app.models import SignInFailures
from app.transaction import Overtaken, is_duplicate, rows_changed, transactional

LONGEST_WAIT = timedelta(minutes=15)
NO_WAIT = timedelta(0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many tries are free, and how long the first wait is; each further one doubles it."""

    of: str
    free: int
    first_wait: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """How long after so many tries the next one may come."""
        if tries < self.free:
            return NO_WAIT
        doubled: int = 2 ** min(tries - self.free, 16)
        return min(self.first_wait * doubled, LONGEST_WAIT)


SIGN_IN = Pace("sign-in", free=5, first_wait=timedelta(seconds=30))
# Each kind of link has a pace of its own, so that asking for one never silences the other.
CONFIRM_MAIL = Pace("confirm-mail", free=4, first_wait=timedelta(minutes=2))
RESET_MAIL = Pace("reset-mail", free=4, first_wait=timedelta(minutes=2))


@transactional
def admit(pace: Pace, email: str) -> timedelta:
    """Count a try for a normalised address; how long it has to wait, nothing if it may go on.

    The try counts before its outcome is known. So a hundred at the same instant are a hundred,
    and success clears them.
    """
    now = clock.now()
    key = _key(pace, email)
    row = db.session.scalars(
        select(SignInFailures).where(SignInFailures.email_hash == key).with_for_update()
    ).one_or_none()
    if row is None:
        _begin(key)
        return NO_WAIT
    since = now - row.last_at
    if since >= LONGEST_WAIT:
        row.count = 0
    elif since < pace.wait_after(row.count):
        return pace.wait_after(row.count) - since
    row.count += 1
    row.last_at = now
    return NO_WAIT


@transactional
def clear(pace: Pace, email: str) -> None:
    """Forget the tries for an address."""
    rows_changed(delete(SignInFailures).where(SignInFailures.email_hash == _key(pace, email)))


def _begin(key: str) -> None:
    db.session.add(SignInFailures(email_hash=key, count=1, last_at=clock.now()))
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "PRIMARY", "sign_in_failures.email_hash"):
            raise Overtaken from fault
        raise


def _key(pace: Pace, email: str) -> str:
    return hashlib.sha256(f"{pace.of}:{email}".encode()).hexdigest()
