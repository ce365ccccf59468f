"""Who changed one thing of the clinic, from what to what: its part of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import AuditEvent


def of(kind: str, number: int, most: int = 20) -> Sequence[AuditEvent]:
    """The latest events of one thing, the newest first."""
    query = (
        select(AuditEvent)
        .options(joinedload(AuditEvent.actor))
        .where(AuditEvent.object_kind == kind, AuditEvent.object_id == number)
        .order_by(AuditEvent.id.desc())
    )
    return db.session.scalars(query.limit(most)).all()
