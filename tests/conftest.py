"""The fixtures that every test may use. Rows come from `tests/builders.py`."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db, limiter
from tests import mariadb
from tests.databases import CleanSlate, an_app

MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # Tuesday, eight o'clock in Berlin


def pytest_configure(config: pytest.Config) -> None:
    mariadb.announce_folder(config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With CI=true what skips itself has failed."""
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"Skipped, and with CI=true nothing may be: {report.longrepr}"


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanSlate]:
    yield from _opened(an_app(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def _mariadb(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[CleanSlate]:
    if not mariadb.is_installed():
        pytest.skip("MariaDB is not installed")
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    address = mariadb.fresh_database(f"docket_{worker}")
    yield from _opened(an_app(tmp_path_factory.mktemp("mariadb"), address))


def _opened(app: Flask) -> Iterator[CleanSlate]:
    yield CleanSlate(app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(_sqlite: CleanSlate) -> Flask:
    """The application on a clean SQLite database. No context is pushed: a test opens its own."""
    _sqlite.restore()
    return _sqlite.app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that nobody is signed in on."""
    return app.test_client()


@pytest.fixture
def limited_app(tmp_path: Path) -> Iterator[Flask]:
    """An application that counts how often an address asks."""
    yield an_app(tmp_path, rate_limits=True)
    limiter.reset()
    limiter.enabled = False  # there is one limiter for all applications of this process


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request: pytest.FixtureRequest) -> Flask:
    """The application on a clean database of each kind in turn, for tests of races."""
    slate: CleanSlate = request.getfixturevalue(f"_{request.param}")
    slate.restore()
    return slate.app


class FrozenClock:
    """The application's clocks, standing still until they are told."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.move_to(MORNING)

    def move_to(self, instant: datetime) -> None:
        """Stand at an aware instant."""
        self._stack.enter_context(clock.frozen(instant))

    def advance(self, **time: float) -> None:
        """Move on by `minutes=…`, `hours=…` or the like."""
        self.move_to(clock.now() + timedelta(**time))


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    """Freeze the application's clocks at eight in the morning of a Tuesday in Berlin."""
    with ExitStack() as stack:
        yield FrozenClock(stack)
