"""Real databases for tests: migrated once, and clean again before each test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Table, insert, select, update

from app import create_app
from app.clinic import revision
from app.extensions import db, limiter
from app.models import Revision
from config import Config


def an_app(folder: Path, database_url: str = "", **settings: Any) -> Flask:
    """An application on a migrated database of its own, SQLite in `folder` unless told."""
    given = {"demo": False, "rate_limits": False, "database_pool": 30, **settings}
    app = create_app(Config(instance=folder, database_url=database_url, **given))
    with app.app_context():
        upgrade()
    return app


@dataclass
class CleanSlate:
    """Puts a database back to what the migrations left in it, within milliseconds."""

    app: Flask
    _seeds: dict[Table, list[dict[str, Any]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        with self.app.app_context(), db.engine.connect() as connection:
            for table in db.metadata.sorted_tables:
                rows = [dict(row) for row in connection.execute(select(table)).mappings()]
                if rows:
                    self._seeds[table] = rows

    def restore(self) -> None:
        # All applications of a process have one limiter, and another test may have turned it on.
        limiter.enabled = self.app.config["RATELIMIT_ENABLED"]
        with self.app.app_context():
            with db.engine.connect() as connection:
                connection.execution_options(docket_writes=True)
                with connection.begin():
                    self._empty_and_seed(connection)
            revision.forget()

    def _empty_and_seed(self, connection: Connection) -> None:
        reached = connection.scalar(select(Revision.value).where(Revision.name == "schedule"))
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
        for table, rows in self._seeds.items():
            connection.execute(insert(table), rows)
        # What a running server remembers is by revision: it must never come again.
        schedule = update(Revision).where(Revision.name == "schedule")
        connection.execute(schedule.values(value=(reached or 0) + 1))
