"""Removals that can be taken back: the audit trail keeps all that was stored of what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select

from app.clinic import audit
from app.clinic.audit import Audited
from app.errors import ClinicError, NotFound
from app.extensions import db
from app.models import AuditEvent, User

REMOVED, RESTORED = "removed", "restored"
REMOVAL = "removal"  # in the event of a restoration: the number of what it takes back


class Irretrievable(ClinicError):
    """What was removed cannot come back as it was; the sentence says why."""


def record(actor: User, row: Audited, *, name: str, before: Mapping[str, Any]) -> int:
    """Say in the trail that a row goes; the number by which `find` knows its removal."""
    event = audit.record(actor, f"{audit.kind_of(row)}.{REMOVED}", row, name=name, before=before)
    db.session.flush()
    return event.id


def find(kind: str, number: int) -> AuditEvent | None:
    """The removal of that number, if it is one of this kind of thing."""
    event = db.session.get(AuditEvent, number)
    return event if event is not None and event.action == f"{kind}.{REMOVED}" else None


def is_taken_back(removal: AuditEvent) -> bool:
    """Whether what was removed has come back since."""
    back = exists().where(
        AuditEvent.action == f"{removal.object_kind}.{RESTORED}",
        AuditEvent.id > removal.id,
        AuditEvent.after[REMOVAL].as_integer() == removal.id,
    )
    return bool(db.session.scalar(select(back)))


def to_take_back(kind: str, number: int) -> tuple[AuditEvent, dict[str, Any]]:
    """The removal of that number, and what was stored. Raises NotFound when there was none of this
    kind, Irretrievable when it has come back already."""
    removal = find(kind, number)
    if removal is None or removal.before is None:
        raise NotFound("We could not find what was removed.")
    if is_taken_back(removal):
        raise Irretrievable("This was brought back already.")
    return removal, dict(removal.before)


def record_return(actor: User, row: Audited, removal: AuditEvent, after: Mapping[str, Any]) -> None:
    """Say in the trail that what was removed is back as this row."""
    action, name = f"{removal.object_kind}.{RESTORED}", removal.object_name
    audit.record(actor, action, row, name=name, after={**after, REMOVAL: removal.id})
