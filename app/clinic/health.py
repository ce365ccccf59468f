"""Whether this server can serve: the database answers and is migrated to what the code expects."""

from __future__ import annotations

from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from config import ROOT


def fault() -> str | None:
    """What is wrong, in a few words that give nothing away, or nothing."""
    try:
        reached = MigrationContext.configure(db.session.connection()).get_current_heads()
    except SQLAlchemyError:
        db.session.rollback()
        return "the database does not answer"
    return None if set(reached) == _wanted() else "the database is not migrated"


@cache
def _wanted() -> set[str]:
    return set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
