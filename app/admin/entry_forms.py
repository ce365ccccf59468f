"""What the pages of specialties, locations, visit types and closures have in common."""

from __future__ import annotations

from app.clinic import audit, history
from app.clinic.audit import Audited


def who_changed(row: Audited) -> str | None:
    """Who has changed this last, for whoever meets the change."""
    latest = history.of(audit.kind_of(row), row.id, 1)
    return latest[0].actor.name if latest and latest[0].actor else None
