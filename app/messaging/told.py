"""Whether the patients of appointments have been told of them by e-mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from app.extensions import db
from app.models import Appointment, MessageKind, MessageState, OutboxMessage
from app.models import AppointmentStatus as Status

# What patients have to be told; reminders only say it again.
NEWS = (
    MessageKind.APPOINTMENT_REQUESTED,
    MessageKind.APPOINTMENT_CONFIRMED,
    MessageKind.APPOINTMENT_MOVED,
    MessageKind.APPOINTMENT_DECLINED,
    MessageKind.APPOINTMENT_CANCELLED,
)
AGAIN_OF = "again_of"  # in a message's details: the number of the one that it repeats
GIVEN_UP = {MessageState.DEAD, MessageState.SET_ASIDE}
MATTERS = {Status.REQUESTED, Status.CONFIRMED, Status.CANCELLED}

Message = Row[Any]


class Told(StrEnum):
    """What has become of the last news: gone out, on its way, failed but not given up, given up,
    nowhere to go, or never written."""

    YES = "yes"
    NOT_YET = "not_yet"
    FAILING = "failing"
    NO = "no"
    NO_ADDRESS = "no_address"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Telling:
    """The last that a patient was, or is to be, told of an appointment. `at` is when it went out,
    or since when it waits; `why` is what went wrong, in words; `number` is the message's.
    `needs_a_call` while the patient may come, or not come, for want of it."""

    told: Told
    at: datetime | None = None
    why: str = ""
    number: int | None = None
    needs_a_call: bool = False


def of(appointments: Sequence[Appointment], at: datetime) -> Mapping[int, Telling]:
    """The last that the patient of each appointment was told, by the appointments' numbers; one
    query, however many there are. The patients and their users have been read with them."""
    if not appointments:
        return {}
    row = OutboxMessage
    messages = db.session.execute(
        select(
            row.id,
            row.appointment_id,
            row.user_id,
            row.state,
            row.details,
            row.not_before,
            row.sent_at,
            row.error,
        )
        .where(
            row.appointment_id.in_([one.id for one in appointments]),
            row.kind.in_(NEWS),
            row.state != MessageState.DISSOLVED,
        )
        .order_by(row.id.desc())
    )
    of_each: defaultdict[tuple[int, int], list[Message]] = defaultdict(list)
    for message in messages:
        of_each[message.appointment_id, message.user_id].append(message)
    return {one.id: _telling(one, of_each, at) for one in appointments}


def in_brief(error: str) -> str:
    """What went wrong, without what a mail server said of it or a program called it; nothing for
    no error."""
    words, _, said = error.partition(": ")
    if not error or " " in words:
        return words
    return "We could not make or hand over the e-mail" if said else error


def _telling(
    appointment: Appointment, of_each: Mapping[tuple[int, int], list[Message]], at: datetime
) -> Telling:
    patient = appointment.patient
    if patient is None:
        return Telling(Told.NOTHING)
    matters = appointment.status in MATTERS and appointment.ends_at > at
    messages = of_each.get((appointment.id, patient.user_id), [])
    if not messages:
        if patient.user.email:
            return Telling(Told.NOTHING)
        return Telling(Told.NO_ADDRESS, needs_a_call=matters)
    return _of_messages(list(_the_last_news(messages)), matters)


def _the_last_news(messages: Sequence[Message]) -> Iterable[Message]:
    """Of messages from the newest to the oldest: the last that said something new, and what was
    sent again after it, which says what is true by then."""
    for one in messages:
        yield one
        if AGAIN_OF not in one.details:
            return


def _of_messages(news: Sequence[Message], matters: bool) -> Telling:
    sent = next((one for one in news if one.state is MessageState.SENT), None)
    if sent is not None:
        return Telling(Told.YES, sent.sent_at, number=sent.id)
    last = news[0]
    why = in_brief(last.error)
    if last.state in GIVEN_UP:
        alarms = matters and last.state is MessageState.DEAD and not _is_own_doing(last)
        return Telling(Told.NO, last.not_before, why, last.id, needs_a_call=alarms)
    if last.state is MessageState.FAILED:
        alarms = matters and not _is_own_doing(last)
        return Telling(Told.FAILING, last.not_before, why, last.id, needs_a_call=alarms)
    return Telling(Told.NOT_YET, last.not_before, number=last.id)


def _is_own_doing(message: Message) -> bool:
    """Whether the patient knows, having done it."""
    return bool(message.details.get("by") == "patient")
