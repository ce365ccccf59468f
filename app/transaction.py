"""The one place that opens, commits, rolls back and replays a transaction.

A use case is a function under `@transactional`. It runs in a fresh transaction, so that it reads
nothing stale, and the whole of it runs again when the database says that the fault is passing:
InnoDB undoes the whole transaction on a deadlock, so a single statement cannot be repeated. A
duplicate key is an answer and not a fault; the use case turns it into a sentence. Nothing that
leaves the process (mail, payment) may stand inside.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Update, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app import clock
from app.errors import Busy
from app.extensions import db

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 8
LOCK_WAIT_TRIES = 3
PATIENCE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 0.2

LOCK_WAIT = 1205
DEADLOCKS = {1213, 1020}  # the second: a row changed under a MariaDB snapshot
UNREACHABLE = {1040, 1047, 2003, 2006, 2013, 2055}


class Overtaken(Exception):
    """Another transaction has just stored what this one was about to store. The whole use case
    runs again, and finds it done."""


def transactional(use_case: Callable[P, R]) -> Callable[P, R]:
    """Run `use_case` as one transaction; inside another one, join it.

    Raises Busy when the database stays locked or out of reach. A connection that breaks in the
    commit leaves it unknown whether the change was made; the replay finds out, because every use
    case that creates something looks up its own key first, and every move compares and sets.
    """

    @wraps(use_case)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        if db.session.info.get("writing"):
            return use_case(*args, **kwargs)
        deadline = time.monotonic() + PATIENCE_SECONDS
        attempt = 0
        while True:
            attempt += 1
            try:
                return _once(use_case, *args, **kwargs)
            except Overtaken as first:
                if attempt >= TRIES:
                    raise Busy from first
            except DBAPIError as fault:
                if not _is_passing(fault, attempt) or time.monotonic() > deadline:
                    if _is_unavailable(fault):
                        raise Busy from fault
                    raise
                # Jitter keeps two losers of a deadlock from meeting again.
                pause = random.uniform(0.3, 1) * 0.004 * 2**attempt  # noqa: S311
                time.sleep(min(pause, LONGEST_PAUSE_SECONDS))

    return in_transaction


def _once(use_case: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    session = db.session()
    session.rollback()  # ends the reading transaction
    session.expire_all()  # what it loaded is read anew
    session.info["writing"] = True
    try:
        session.connection(execution_options={"docket_writes": True})
        result = use_case(*args, **kwargs)
        session.commit()
    except BaseException:
        _roll_back()
        raise
    finally:
        session.info.pop("writing", None)
    return result


def _roll_back() -> None:
    try:
        db.session.rollback()
    except SQLAlchemyError:  # Galera may answer a rollback with a deadlock
        db.session().invalidate()


def let_go() -> None:
    """End the reading transaction, so that no connection is kept while something outside of the
    database is waited for."""
    if not db.session.info.get("writing"):
        _roll_back()


def database_time() -> datetime:
    """The database's present instant: clocks of several servers differ, this is one."""
    return db.session.scalars(select(clock.database_now())).one()


def rows_changed(statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE in the present transaction; how many rows it met."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def is_duplicate(fault: DBAPIError, *names: str) -> bool:
    """Whether a unique key with one of these names (or columns) refused the row."""
    text = str(fault.orig)
    refused = "UNIQUE constraint failed" in text or _code(fault) == 1062
    return refused and any(name in text for name in names)


def _code(fault: DBAPIError) -> int | None:
    args = getattr(fault.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else None


def _is_passing(fault: DBAPIError, attempt: int) -> bool:
    code = _code(fault)
    if code == LOCK_WAIT:
        return attempt < LOCK_WAIT_TRIES
    locked = code in DEADLOCKS or "database is locked" in str(fault.orig)
    return attempt < TRIES and (locked or code in UNREACHABLE)


def _is_unavailable(fault: DBAPIError) -> bool:
    text = str(fault.orig)
    return (
        _code(fault) in {LOCK_WAIT, *DEADLOCKS, *UNREACHABLE}
        or "database is locked" in text
        or "disk is full" in text
        or "disk I/O error" in text
    )
