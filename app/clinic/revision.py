"""The schedule's revision: one number that rises with all that openings are made of.

Appointments do not raise it; hours, exceptions, closures, visit types, locations, doctors and
settings do. A booking reads it under a shared lock (`lock`), a change raises it under an
exclusive one, so that a change of hours and a booking cannot pass each other unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Select, event, select, type_coerce, update
from sqlalchemy.orm import Session

from app.clock import database_now, is_frozen
from app.extensions import db
from app.models import Revision
from app.types import UTCDateTime

P = ParamSpec("P")
R = TypeVar("R")

SCHEDULE = "schedule"
RAISED = "revision_raised"
SEEN = "revision_seen"  # within one transaction, one reading is enough

_caches: list[Callable[[], None]] = []


def current() -> int:
    """The present revision."""
    seen: tuple[int, datetime] | None = db.session.info.get(SEEN)
    return seen[0] if seen is not None else current_with_time()[0]


def current_with_time() -> tuple[int, datetime]:
    """The present revision and the database's present instant, in one query."""
    seen: tuple[int, datetime] | None = db.session.info.get(SEEN)
    if seen is None or is_frozen():
        row = db.session.connection().execute(_present()).one()
        seen = db.session.info[SEEN] = (row[0], row[1])
    return seen


def lock() -> tuple[int, datetime]:
    """`current_with_time`, keeping the schedule as it is until this transaction ends."""
    row = db.session.execute(_present().with_for_update(read=True)).one()
    seen = db.session.info[SEEN] = (row[0], row[1])
    return seen


def bump() -> None:
    """Say that openings may look different now. For changes that bypass the session's flush."""
    _raise(db.session())


def remembered(
    maxsize: int,
) -> Callable[[Callable[Concatenate[int, P], R]], Callable[Concatenate[int, P], R]]:
    """Keep a function's answers in this process; its first argument is the revision.

    The revision makes the memory exact: what the function reads cannot change while it stands.
    A transaction that has itself raised it, and may still roll back, neither reads nor fills it.
    """

    def decorate(read: Callable[Concatenate[int, P], R]) -> Callable[Concatenate[int, P], R]:
        memory = lru_cache(maxsize)(read)
        _caches.append(memory.cache_clear)

        @wraps(read)
        def recall(revision: int, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if RAISED in db.session.info:
                return read(revision, *args, **kwargs)
            return memory(revision, *args, **kwargs)  # type: ignore[arg-type]

        return recall

    return decorate


def forget() -> None:
    """Empty what `remembered` keeps; for a process that changes its database, as tests do."""
    for clear in _caches:
        clear()


def _statement(time: ColumnElement[datetime]) -> Select[int, datetime]:
    row = Revision.__table__.c
    return select(row.value, type_coerce(time, UTCDateTime())).where(row.name == SCHEDULE)


_PRESENT = _statement(database_now())


def _present() -> Select[int, datetime]:
    return _statement(database_now()) if is_frozen() else _PRESENT


def _raise(session: Session) -> None:
    session.info[RAISED] = True
    session.info.pop(SEEN, None)
    session.execute(
        update(Revision).where(Revision.name == SCHEDULE).values(value=Revision.value + 1)
    )


@event.listens_for(Session, "before_flush")
def _raise_when_openings_change_shape(session: Session, *_: Any) -> None:
    changed = {*session.new, *session.deleted, *filter(session.is_modified, session.dirty)}
    if any(getattr(row, "shapes_openings", False) for row in changed):
        _raise(session)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _settle(session: Session) -> None:
    session.info.pop(RAISED, None)


@event.listens_for(Session, "after_transaction_end")
def _look_anew(session: Session, _: Any) -> None:
    session.info.pop(SEEN, None)
