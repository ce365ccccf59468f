"""The one clock. Nothing else in the application asks the machine for the time.

`now()` is this process's clock. `database_now()` is the database's, as SQL: holds end by it, so
that several web servers with clocks that differ agree on what has expired. Both stand still
together while a test freezes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.types import UTCDateTime

TICK_SECONDS = 300
TICK = timedelta(seconds=TICK_SECONDS)

_frozen_at: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _frozen_at or datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The present date on a wall in `zone`."""
    return now().astimezone(zone).date()


def tick_of(instant: datetime) -> int:
    """The tick (five minutes of UTC time) in which an aware instant lies."""
    return int(instant.timestamp()) // TICK_SECONDS


def instant_of(tick: int) -> datetime:
    """The aware UTC instant at which a tick begins."""
    return datetime.fromtimestamp(tick * TICK_SECONDS, UTC)


def database_now() -> ColumnElement[datetime]:
    """The database's present instant, as an SQL expression."""
    return literal(_frozen_at, UTCDateTime()) if _frozen_at else _DatabaseNow()


def is_frozen() -> bool:
    """Whether the clocks stand still."""
    return _frozen_at is not None


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Hold both clocks at an aware instant; for tests and for the demo's history."""
    global _frozen_at  # noqa: PLW0603 (the clock is the one thing that is global)
    if instant.tzinfo is None:
        raise ValueError("A clock cannot be frozen at a naive time.")
    before, _frozen_at = _frozen_at, instant.astimezone(UTC)
    try:
        yield
    finally:
        _frozen_at = before


class _DatabaseNow(FunctionElement[datetime]):
    type = UTCDateTime()
    inherit_cache = True


@compiles(_DatabaseNow, "mysql", "mariadb")
def _mysql_now(element: Any, compiler: Any, **_: Any) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(_DatabaseNow, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **_: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
