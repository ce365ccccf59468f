"""The outbox as admins read it: what was sent to whom, what waits, and what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import defer, joinedload

from app.errors import NotFound
from app.extensions import db
from app.messaging.told import AGAIN_OF
from app.messaging.troubles import is_late, is_troubled
from app.models import (
    Appointment,
    Doctor,
    MessageAttachment,
    MessageKind,
    MessageState,
    OutboxMessage,
    Patient,
)
from app.paging import MOST, PAGE_SIZE, Page, page_of

LIKE_ESCAPE = "!"
ONE_DAY = timedelta(1)
SCANNED = 2_000
# Messages are numbered when they are written and dated a moment earlier or later, but never by so
# many.
SLACK = 500
KINDS = {
    "confirm_email": "Confirm your e-mail address",
    "already_registered": "You are registered already",
    "reset_password": "Choose a new password",
    "password_changed": "Your password was changed",
    "new_sign_in": "Sign-in from a new browser",
    "appointment_requested": "Visit requested",
    "appointment_confirmed": "Visit confirmed",
    "appointment_moved": "Visit moved",
    "appointment_declined": "Request declined",
    "appointment_cancelled": "Visit cancelled",
    "appointment_reminder": "Reminder of a visit",
    "time_released": "Held time released",
    "doctor_request": "Request for the doctor",
    "doctor_change": "Change for the doctor",
    "doctor_agenda": "Agenda of the doctor's day",
    "doctor_approved": "Doctor approved",
    "page_published": "Doctor's page changed",
    "page_refused": "Change of a doctor's page refused",
}

WITH_ALL_SHOWN = (
    joinedload(OutboxMessage.user),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.location),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.visit_type),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.patient).joinedload(Patient.user),
)
WITHOUT_BODY = (defer(OutboxMessage.text), defer(OutboxMessage.html))


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
    def is_by_recipient(self) -> bool:
        return self.sort in {Sort.TO, Sort.TO_DOWN}

    @property
    def is_turned(self) -> bool:
        return self.sort.value.startswith("-")


def kind_in_words(kind: MessageKind) -> str:
    """What a message of this kind is about, as people would say it."""
    return KINDS.get(kind.value) or kind.value.replace("_", " ").capitalize()


def find(wanted: Wanted, at: datetime, page: int) -> Page[OutboxMessage]:
    """A page of the messages that are wanted, without what they say.

    The rows are heavy with what was sent, so no way of asking reads many of them: people are
    found by the index of recipients, days by the order of numbers, and a kind among the newest
    SCANNED messages of the days that are asked for.
    """
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


def message_of(number: int) -> OutboxMessage:
    """The message of that number, with all that its page shows of it. Raises NotFound."""
    message = db.session.scalars(
        select(OutboxMessage).options(*WITH_ALL_SHOWN).where(OutboxMessage.id == number)
    ).one_or_none()
    if message is None:
        raise NotFound("We could not find that message.")
    return message


def attachments_of(message: OutboxMessage) -> Sequence[MessageAttachment]:
    """The files that went with a message, without what is in them."""
    return db.session.scalars(
        select(MessageAttachment)
        .options(defer(MessageAttachment.content))
        .where(MessageAttachment.message_id == message.id)
        .order_by(MessageAttachment.position)
    ).all()


def attachment_of(number: int, position: int) -> MessageAttachment:
    """One file of a message. Raises NotFound."""
    found = db.session.get(MessageAttachment, (number, position))
    if found is None:
        raise NotFound("We could not find that file.")
    return found


def family_of(message: OutboxMessage) -> Sequence[OutboxMessage]:
    """A message, what it repeats, and what repeats it, newest first; without what they say."""
    if message.user_id is None:
        return [message]
    first = message.details.get(AGAIN_OF, message.id)
    same = (
        select(OutboxMessage)
        .options(*WITHOUT_BODY)
        .where(
            OutboxMessage.user_id == message.user_id,
            OutboxMessage.kind == message.kind,
            OutboxMessage.appointment_id == message.appointment_id,
            OutboxMessage.id >= first,
        )
        .order_by(OutboxMessage.id.desc())
    )
    return [one for one in db.session.scalars(same) if first in {one.id, _repeats(one)}]


def _repeats(message: OutboxMessage) -> Any:
    return message.details.get(AGAIN_OF)


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
    if not wanted.is_of_days and wanted.kind is None:
        return
    least = db.session.scalar(select(func.min(OutboxMessage.id))) or 0
    most = db.session.scalar(select(func.max(OutboxMessage.id))) or 0
    first, last = least, most
    if wanted.first_day is not None:
        first = _number_since(_midnight(wanted.first_day, wanted.zone), least, most) - SLACK
    if wanted.last_day is not None:
        last = _number_since(_midnight(wanted.last_day + ONE_DAY, wanted.zone), least, most) + SLACK
    if wanted.kind is not None:
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
    part = wanted.search
    for special in (LIKE_ESCAPE, "%", "_"):
        part = part.replace(special, LIKE_ESCAPE + special)
    # Ordered by a sum and not by the number itself, or else some databases walk along the rows.
    by: ColumnElement[Any] = (OutboxMessage.id + 0).label("place")
    if wanted.is_by_recipient:
        by = OutboxMessage.recipient.label("place")
    columns = OutboxMessage.id, by
    by_address = select(*columns).where(
        OutboxMessage.recipient.ilike(f"%{part}%", escape=LIKE_ESCAPE)
    )
    by_name = select(*columns).where(OutboxMessage.user_id.in_(wanted.user_ids))
    found = (union(by_address, by_name) if wanted.user_ids else by_address).subquery().c
    order = [found.place.desc(), found.id.desc()] if wanted.is_turned else [found.place, found.id]
    return db.session.scalars(select(found.id).order_by(*order).limit(MOST + 1)).all()


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
