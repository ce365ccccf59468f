"""The migrations make what the models say, on both databases, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect

from app import create_app
from app.extensions import db
from config import Config
from tests import mariadb


@pytest.fixture(params=["sqlite", "mariadb"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty database."""
    address = ""
    if request.param == "mariadb":
        if not mariadb.is_installed():
            pytest.skip("MariaDB is not installed")
        worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
        address = mariadb.fresh_database(f"docket_migrations_{worker}")
    app = create_app(Config(instance=tmp_path, database_url=address, demo=False))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list[object]:
    """What a new migration would have to change."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def stored_checks() -> set[tuple[str, str | None]]:
    inspector = inspect(db.engine)
    return {
        (table, check["name"])
        for table in tables()
        for check in inspector.get_check_constraints(table)
    }


def wanted_checks() -> set[tuple[str, str | None]]:
    return {
        (table.name, str(check.name))
        for table in db.metadata.sorted_tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }


def test_the_migrations_make_what_the_models_say(empty: Flask) -> None:
    upgrade()
    assert tables() == set(db.metadata.tables)
    assert differences() == []
    assert wanted_checks() <= stored_checks()


def test_every_migration_can_be_taken_back_and_made_again(empty: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert tables() == set()
    upgrade()
    assert tables() == set(db.metadata.tables)
    assert differences() == []
