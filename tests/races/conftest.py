"""A clinic in which many people want the same thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.clinic import revision
from app.extensions import db
from app.scheduling.soundness import count_faults
from tests.builders import policy
from tests.databases import CleanSlate


@pytest.fixture
def clinic(database: Flask) -> Iterator[Flask]:
    """The application on each database in turn, without caps. What is left must be sound."""
    with database.app_context():
        _without_caps()
    yield database
    with database.app_context():
        assert count_faults().none


@pytest.fixture
def mutant_clinic(database: Flask) -> Flask:
    """The same for a mutant, which may leave anything behind."""
    with database.app_context():
        _without_caps()
    return database


@pytest.fixture
def mutant_on_mariadb(_mariadb: CleanSlate) -> Flask:
    """For mutants that SQLite forgives, because it lets one writer in at a time."""
    _mariadb.restore()
    with _mariadb.app.app_context():
        _without_caps()
    return _mariadb.app


def _without_caps() -> None:
    policy(
        open_bookings_per_patient=10_000,
        open_bookings_per_doctor=10_000,
        holds_per_address=10_000,
    )
    db.session.rollback()
    revision.forget()
