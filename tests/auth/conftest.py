"""People at browsers, in a clinic in which it is eight o'clock on a Tuesday."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import FrozenClock
from tests.pages import Visitor


class Outside(FlaskClient):
    """A browser whose requests share nothing with the context in which the test builds things."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return Context().run(super().open, *args, **kwargs)


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> Iterator[FrozenClock]:
    """The clean application, at hand for building, with its clock standing still; the clock."""
    with app.app_context():
        yield frozen_clock


@pytest.fixture
def another(app: Flask, clinic: FrozenClock) -> Callable[[], Visitor]:
    """New browsers, one at each call."""
    return lambda: Visitor(Outside(app, app.response_class))


@pytest.fixture
def visitor(another: Callable[[], Visitor]) -> Visitor:
    """Somebody whom we do not know yet."""
    return another()
