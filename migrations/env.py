"""Runs the migrations against the database of the present application."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from app.types import UTCDateTime, Word

migrate = current_app.extensions["migrate"]
database = migrate.db


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """Write our column types in a way that does not change when their code does."""
    if kind == "type" and isinstance(item, Word):
        return "sa.String(length=32)"
    if kind == "type" and isinstance(item, UTCDateTime):
        autogen_context.imports.add("from app.types import UTCDateTime")
        return "UTCDateTime()"
    return False


def drop_empty(_: Any, __: Any, directives: Any) -> None:
    """Write no migration when models and tables agree."""
    if (
        getattr(context.config.cmd_opts, "autogenerate", False)
        and directives[0].upgrade_ops.is_empty()
    ):
        directives[:] = []


def run() -> None:
    options = dict(migrate.configure_args)
    options.setdefault("process_revision_directives", drop_empty)
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render_item,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
