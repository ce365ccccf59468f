"""A clinic in which it is eight o'clock on a Tuesday, and its outbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import FrozenClock
from tests.databases import CleanSlate


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> Iterator[FrozenClock]:
    """The clean application, at hand, with its clock standing still; the clock."""
    with app.app_context():
        yield frozen_clock


@pytest.fixture
def on_mariadb(_mariadb: CleanSlate) -> Flask:
    """The clean application on MariaDB, for races that SQLite never runs."""
    _mariadb.restore()
    return _mariadb.app
