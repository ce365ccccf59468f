"""Finding messages: by whom they are to, by what has become of them, by what they are about, and
by the day.

The rows are heavy with what was sent, so no way of asking reads many of them: people are found by
the index of recipients; the rest in the order in which indexes hold when messages were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select

from app.extensions import db
from app.messaging.sent import WITH_ALL_SHOWN, WITHOUT_BODY
from app.messaging.troubles import is_late, is_troubled
from app.models import MessageKind, MessageState, OutboxMessage
from app.paging import MOST, PAGE_SIZE, Page, page_of

ONE_DAY = timedelta(1)
RECIPIENTS = "ix_outbox_messages_recipient"


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
    def is_narrowed(self) -> bool:
        """By anything but a search."""
        days = (self.first_day, self.last_day)
        return any(part is not None for part in (self.asked, self.kind, *days))

    @property
    def is_by_recipient(self) -> bool:
        return self.sort in {Sort.TO, Sort.TO_DOWN}

    @property
    def is_turned(self) -> bool:
        return self.sort.value.startswith("-")


def find(wanted: Wanted, at: datetime, page: int) -> Page[OutboxMessage]:
    """A page of the messages that are wanted, without what they say."""
    query = (
        select(OutboxMessage).options(*WITH_ALL_SHOWN, *WITHOUT_BODY).where(*_narrowed(wanted, at))
    )
    number: ColumnElement[Any] = OutboxMessage.id.expression
    if wanted.search:
        found = _of_people(wanted)
        if not wanted.is_narrowed:
            return _page_of(query, found, page)
        query = query.where(OutboxMessage.id.in_(found))
    return page_of(query, number, _order(wanted), page)


def _order(wanted: Wanted) -> list[ColumnElement[Any]]:
    number: ColumnElement[Any] = OutboxMessage.id.expression
    written: ColumnElement[Any] = OutboxMessage.created_at.expression
    by = OutboxMessage.recipient.expression if wanted.is_by_recipient else written
    return [by.desc(), number.desc()] if wanted.is_turned else [by, number]


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
