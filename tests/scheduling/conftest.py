"""A clinic in which it is eight o'clock on a Tuesday, and what a test of it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy import event

from app.extensions import db
from tests.conftest import FrozenClock

# Each example lives in the same clean database, with people and doctors of its own.
settings.register_profile(
    "docket",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("docket")


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> Iterator[FrozenClock]:
    """The clean application, at hand, with its clock standing still; the clock."""
    with app.app_context():
        yield frozen_clock


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
