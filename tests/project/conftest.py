"""The house with everybody in it, put back to the same state before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.extensions import db
from tests.databases import CleanSlate, an_app
from tests.project.cast import Cast, build
from tests.project.house import House


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CleanSlate, Cast]]:
    app = an_app(tmp_path_factory.mktemp("house"))
    with app.app_context():
        cast = build()
    yield CleanSlate(app), cast
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def house(_furnished: tuple[CleanSlate, Cast]) -> House:
    slate, cast = _furnished
    slate.restore()
    return House(slate.app, cast)
