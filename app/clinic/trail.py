"""The audit trail as admins read it: narrowed, newest first, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Appointment, AuditEvent, Doctor, Location, Specialty, User, VisitType

PAGE_SIZE = 25
RECENT = 5_000
# Events are numbered when they are made and dated a moment earlier or later, but never by so many.
SLACK = 1_000
FOUND = 100
NAMED: Mapping[str, Any] = {"specialty": Specialty, "location": Location, "visit_type": VisitType}
REFERRED: Mapping[str, Any] = {
    "appointment": Appointment,
    "user": User,
    "doctor": Doctor,
    "visit_type": VisitType,
}

Things = Mapping[str, Sequence[int]]  # kinds of things, and the numbers of some of them


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is nothing does not narrow. The first and the last day
    are dates in `zone`, both included."""

    zone: ZoneInfo
    actor_ids: tuple[int, ...] | None = None
    things: Things | None = None
    kind: str = ""
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events from the newest to the oldest; `older` is where the next stretch begins. `refs` has
    the references of the users and doctors that they are about."""

    events: Sequence[AuditEvent]
    older: int | None
    refs: Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Words:
    """The kinds and actions that can be asked for."""

    kinds: list[str]
    actions: list[str]


def find(wanted: Wanted, before: int | None = None) -> Stretch:
    """The events before the one of that number. Paged by number, so that a stretch costs the same
    wherever it lies, and events that come in meanwhile shift nothing."""
    query = select(AuditEvent).options(joinedload(AuditEvent.actor)).where(*_narrowed(wanted))
    if before is not None:
        query = query.where(AuditEvent.id < before)
    events = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(PAGE_SIZE + 1)).all()
    is_more = len(events) > PAGE_SIZE
    events = events[:PAGE_SIZE]
    return Stretch(events, events[-1].id if is_more else None, _refs(events))


def words() -> Words:
    """What the latest events were about; reading all of them would take longer each year."""
    recent = (
        select(AuditEvent.object_kind, AuditEvent.action)
        .order_by(AuditEvent.id.desc())
        .limit(RECENT)
        .subquery()
    )
    pairs = db.session.execute(select(recent.c.object_kind, recent.c.action).distinct()).all()
    return Words(sorted({kind for kind, _ in pairs}), sorted({action for _, action in pairs}))


def things_called(text: str, user_ids: Sequence[int]) -> Things:
    """What has this reference, or a name that begins so; `user_ids` are the people who do."""
    found: dict[str, list[int]] = {"user": list(user_ids)}
    doctors = select(Doctor.id).where(Doctor.user_id.in_(user_ids))
    found["doctor"] = list(db.session.scalars(doctors))
    for kind, named in NAMED.items():
        same = select(named.id).where(named.name.istartswith(text, autoescape=True)).limit(FOUND)
        found.setdefault(kind, []).extend(db.session.scalars(same))
    for kind, referred in REFERRED.items():
        of_ref = select(referred.id).where(referred.ref == text.lower())
        found.setdefault(kind, []).extend(db.session.scalars(of_ref))
    return {kind: ids for kind, ids in found.items() if ids}


def _narrowed(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.actor_ids is not None:
        yield AuditEvent.actor_id.in_(wanted.actor_ids)
    if wanted.things is not None:
        yield or_(false(), *(_about(kind, ids) for kind, ids in wanted.things.items()))
    if wanted.kind:
        yield AuditEvent.object_kind == wanted.kind
    if wanted.action:
        yield AuditEvent.action == wanted.action
    if wanted.first_day is not None:
        since = _midnight(wanted.first_day, wanted.zone)
        yield AuditEvent.at >= since
        yield AuditEvent.id > (_first_number_since(since) or 0) - SLACK
    if wanted.last_day is not None:
        until = _midnight(wanted.last_day + timedelta(1), wanted.zone)
        yield AuditEvent.at < until
        if (number := _first_number_since(until)) is not None:
            yield AuditEvent.id < number + SLACK


def _about(kind: str, ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(AuditEvent.object_kind == kind, AuditEvent.object_id.in_(ids))


def _first_number_since(instant: datetime) -> int | None:
    """Numbers rise with time, so that days are stretches of the table's own order."""
    later = select(AuditEvent.id).where(AuditEvent.at >= instant)
    return db.session.scalar(later.order_by(AuditEvent.at, AuditEvent.id).limit(1))


def _refs(events: Sequence[AuditEvent]) -> Mapping[tuple[str, int], str]:
    refs: dict[tuple[str, int], str] = {}
    for kind, model in (("user", User), ("doctor", Doctor)):
        ids = {event.object_id for event in events if event.object_kind == kind}
        for number, ref in db.session.execute(select(model.id, model.ref).where(model.id.in_(ids))):
            refs[kind, number] = ref
    return refs


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone)
