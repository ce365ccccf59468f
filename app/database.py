"""How each database is opened: SQLite's pragmas, and who may write when."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

from app.extensions import db
from config import Config

REST_SECONDS = 5


def init(app: Flask, config: Config) -> None:
    """Attach the database to `app`."""
    db.init_app(app)
    with app.app_context():
        if config.is_sqlite:
            _teach_sqlite(db.engine)
        else:
            _check_idle_connections(db.engine)


def _check_idle_connections(engine: Engine) -> None:
    """Ask a connection whether it is alive when it has rested for a while: a server that closes
    idle ones is noticed, and a busy process does not ask before every request."""

    @event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        record.info["rested_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("rested_since", time.monotonic()) > REST_SECONDS:
            try:
                connection.ping(reconnect=False)
            except engine.dialect.loaded_dbapi.Error as fault:
                raise DisconnectionError from fault


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
