"""The audit trail: written with each change, in its transaction; read by admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from app import clock
from app.extensions import db
from app.models import AuditEvent, User


class Audited(Protocol):
    """Any row with a number; the trail names it by its table's singular."""

    @property
    def id(self) -> Any: ...


def record(
    actor: User | None,
    action: str,
    row: Audited,
    *,
    name: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Add an event in the present transaction. `before` and `after` hold plain JSON values."""
    event = AuditEvent(
        at=clock.now(),
        actor_id=actor.id if actor else None,
        action=action,
        object_kind=kind_of(row),
        object_id=row.id,
        object_name=name[:160],
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
    )
    db.session.add(event)
    return event


def kind_of(row: object) -> str:
    """What the trail calls this kind of thing, a row or its model: `appointment`, `user`,
    `visit_type`."""
    name = (row if isinstance(row, type) else type(row)).__name__
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
