"""How each database is opened: SQLite's pragmas, and who may write when."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event

from app.extensions import db
from config import Config


def init(app: Flask, config: Config) -> None:
    """Attach the database to `app`."""
    db.init_app(app)
    if config.is_sqlite:
        with app.app_context():
            _teach_sqlite(db.engine)


def _teach_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def open_well(connection: Any, _: Any) -> None:
        # The driver must not begin transactions by itself: a SELECT would run outside of one, and
        # a write would start as a read that cannot be promoted while another writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA busy_timeout = 5000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("docket_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
