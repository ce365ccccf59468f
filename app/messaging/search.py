"""Finding messages: by whom they are to, by what has become of them, by what they are about, and
by the day.

The rows are heavy with what was sent, so no way of asking reads many of them: people are found by
the index of recipients, days by the order of numbers, and a kind among the newest SCANNED messages
of the days that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select

from app.extensions import db
from app.messaging.sent import WITH_ALL_SHOWN, WITHOUT_BODY
from app.messaging.troubles import is_late, is_troubled
from app.models import MessageKind, MessageState, OutboxMessage
from app.paging import MOST, PAGE_SIZE, Page, page_of

ONE_DAY = timedelta(1)
RECIPIENTS = "ix_outbox_messages_recipient"
SCANNED = 2_000
# Messages are numbered when they are written and dated a moment earlier or later, but never by so
# many.
SLACK = 1_000


class Asked(StrEnum):
    """Which messages may be asked for: those that trouble an admin, those that are late, or those
    of a state."""

    UNDELIVERED = "undelivered"
    LATE = "late"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DISSOLVED = "dissolved"
    FAILED = "failed"
    DEAD = "dead"
    SET_ASIDE = "set_aside"


class Sort(StrEnum):
    """What a list of messages may be ordered by; a leading minus turns it round."""

    NEWEST = "-when"
    OLDEST = "when"
    TO = "to"
    TO_DOWN = "-to"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are looked for; what is empty does not narrow. `search` is a part of the
    recipient's address, `user_ids` are people whose name was meant by it. The first and the last
    day are dates in `zone`, both included, on which messages were written."""

    zone: ZoneInfo
    search: str = ""
    user_ids: Sequence[int] = ()
    asked: Asked | None = None
    kind: MessageKind | None = None
    first_day: date | None = None
    last_day: date | None = None
    sort: Sort = Sort.NEWEST

    @property
    def is_of_days(self) -> bool:
        return self.first_day is not None or self.last_day is not None

    @property
    def is_narrowed(self) -> bool:
        """By anything but a search."""
        return self.asked is not None or self.kind is not None or self.is_of_days

    @property
    def is_scanned(self) -> bool:
        """Whether the kind alone has to be looked for, which no index knows."""
        return self.kind is not None and not self.search

    @property
    def is_by_recipient(self) -> bool:
        return self.sort in {Sort.TO, Sort.TO_DOWN}

    @property
    def is_turned(self) -> bool:
        return self.sort.value.startswith("-")


def find(wanted: Wanted, at: datetime, page: int) -> Page[OutboxMessage]:
    """A page of the messages that are wanted, without what they say."""
    query = (
        select(OutboxMessage)
        .options(*WITH_ALL_SHOWN, *WITHOUT_BODY)
        .where(*_narrowed(wanted, at), *_numbers(wanted))
    )
    number: ColumnElement[Any] = OutboxMessage.id.expression
    if wanted.search:
        found = _of_people(wanted)
        if not wanted.is_narrowed:
            return _page_of(query, found, page)
        query = query.where(OutboxMessage.id.in_(found))
    column = OutboxMessage.recipient.expression if wanted.is_by_recipient else number
    order = [column.desc(), number.desc()] if wanted.is_turned else [column, number]
    return page_of(query, number, order, page)


def _narrowed(wanted: Wanted, at: datetime) -> Iterable[ColumnElement[bool]]:
    if wanted.asked is Asked.UNDELIVERED:
        yield is_troubled(at)
    elif wanted.asked is Asked.LATE:
        yield is_late(at)
    elif wanted.asked is not None:
        yield OutboxMessage.state == MessageState(wanted.asked.value)
    if wanted.kind is not None:
        yield OutboxMessage.kind == wanted.kind
    if wanted.first_day is not None:
        yield OutboxMessage.created_at >= _midnight(wanted.first_day, wanted.zone)
    if wanted.last_day is not None:
        yield OutboxMessage.created_at < _midnight(wanted.last_day + ONE_DAY, wanted.zone)


def _numbers(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    """The stretch of numbers in which what is wanted lies."""
    if not wanted.is_of_days and not wanted.is_scanned:
        return
    least = db.session.scalar(select(func.min(OutboxMessage.id))) or 0
    most = db.session.scalar(select(func.max(OutboxMessage.id))) or 0
    first, last = least, most
    if wanted.first_day is not None:
        first = _number_since(_midnight(wanted.first_day, wanted.zone), least, most) - SLACK
    if wanted.last_day is not None:
        last = _number_since(_midnight(wanted.last_day + ONE_DAY, wanted.zone), least, most) + SLACK
    if wanted.is_scanned:
        first = max(first, last - SCANNED)
    yield OutboxMessage.id.between(first, last)


def _number_since(instant: datetime, low: int, high: int) -> int:
    """Where the messages written since an instant begin, to within SLACK: numbers rise with time,
    so it is found by halving, in a dozen small steps however many messages there are."""
    while high - low > SLACK:
        middle = (low + high) // 2
        written = select(OutboxMessage.created_at).where(OutboxMessage.id >= middle)
        found = db.session.scalar(written.order_by(OutboxMessage.id).limit(1))
        if found is None or found >= instant:
            high = middle
        else:
            low = middle
    return low


def _of_people(wanted: Wanted) -> Sequence[int]:
    """The numbers, in order, of messages to an address with that part, or to these people; as many
    as are ever shown. They are found by indexes alone."""
    by_address = OutboxMessage.recipient.icontains(wanted.search, autoescape=True)
    found = set(_first(wanted, _by_index(), by_address))
    if wanted.user_ids:
        plain = select(OutboxMessage)
        found.update(_first(wanted, plain, OutboxMessage.user_id.in_(wanted.user_ids)))
    in_order = sorted(found, reverse=wanted.is_turned)
    return [number for _, number in in_order[: MOST + 1]]


def _first(
    wanted: Wanted, query: Select[Any], condition: ColumnElement[bool]
) -> list[tuple[Any, int]]:
    """What messages are ordered by, and their numbers; as many as are ever shown."""
    number: ColumnElement[Any] = OutboxMessage.id.expression
    by = OutboxMessage.recipient.expression if wanted.is_by_recipient else number
    order = [by.desc(), number.desc()] if wanted.is_turned else [by, number]
    columns = query.with_only_columns(by.label("place"), number.label("number"))
    rows = db.session.execute(columns.where(condition).order_by(*order).limit(MOST + 1))
    return [(place, found) for place, found in rows]


def _by_index() -> Select[Any]:
    """Read from the index of recipients alone. When numbers give the order, MariaDB does so only
    if it is told to, and if there is a range to read, be it everything."""
    hint = f"FORCE INDEX ({RECIPIENTS})"
    query = select(OutboxMessage).where(OutboxMessage.recipient >= "")
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(OutboxMessage, hint, dialect)
    return query


def _page_of(
    query: Select[OutboxMessage], found: Sequence[int], number: int
) -> Page[OutboxMessage]:
    total = min(len(found), MOST)
    number = min(max(number, 1), max(1, -(-total // PAGE_SIZE)))
    shown = found[(number - 1) * PAGE_SIZE : min(number * PAGE_SIZE, total)]
    rows = db.session.scalars(query.where(OutboxMessage.id.in_(shown))).all()
    places = {one: place for place, one in enumerate(shown)}
    in_order = sorted(rows, key=lambda row: places[row.id])
    return Page(in_order, number, total, is_more=len(found) > MOST)


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone)
