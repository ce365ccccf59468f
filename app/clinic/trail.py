"""The audit trail as admins read it: narrowed, newest first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import AuditEvent

PAGE_SIZE = 25
RECENT = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is nothing does not narrow. `on` is a date in `zone`."""

    zone: ZoneInfo
    actor_ids: tuple[int, ...] | None = None
    kind: str = ""
    action: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events from the newest to the oldest; `older` is where the next stretch begins."""

    events: Sequence[AuditEvent]
    older: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """The kinds and actions that can be asked for."""

    kinds: list[str]
    actions: list[str]


def find(wanted: Wanted, before: int | None = None) -> Stretch:
    """The events before the one of that number. Paged by number, so that a stretch costs the same
    wherever it lies, and events that come in meanwhile shift nothing."""
    query = select(AuditEvent).options(joinedload(AuditEvent.actor))
    if before is not None:
        query = query.where(AuditEvent.id < before)
    if wanted.actor_ids is not None:
        query = query.where(AuditEvent.actor_id.in_(wanted.actor_ids))
    if wanted.kind:
        query = query.where(AuditEvent.object_kind == wanted.kind)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    if wanted.on is not None:
        query = query.where(
            AuditEvent.at >= _midnight(wanted.on, wanted.zone),
            AuditEvent.at < _midnight(wanted.on + timedelta(1), wanted.zone),
        )
    events = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(PAGE_SIZE + 1)).all()
    is_more = len(events) > PAGE_SIZE
    events = events[:PAGE_SIZE]
    return Stretch(events, events[-1].id if is_more else None)


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


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=zone)
