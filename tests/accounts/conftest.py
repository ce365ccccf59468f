"""A clinic in which it is eight o'clock on a Tuesday, and its outbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import FrozenClock


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> Iterator[FrozenClock]:
    """The clean application, at hand, with its clock standing still; the clock."""
    with app.app_context():
        yield frozen_clock
