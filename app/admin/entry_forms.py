"""What the forms for specialties, locations, visit types and closures have in common."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm

from app.admin.users import LONGEST_SEARCH
from app.clinic import audit, history
from app.clinic.audit import Audited


def filled(form: FlaskForm, *names_of_fields: str) -> dict[str, Any]:
    """What was filled in, by the name of the field."""
    return {name: form[name].data for name in names_of_fields}


def searched() -> str:
    """What is searched for in a list."""
    return request.args.get("q", "")[:LONGEST_SEARCH].strip()


def who_changed(row: Audited) -> str | None:
    """Who has changed this last, for whoever meets the change."""
    latest = history.of(audit.kind_of(row), row.id, 1)
    return latest[0].actor.name if latest and latest[0].actor else None
