"""The demo's password is public, so its accounts must not be where the public is."""

from __future__ import annotations

from sqlalchemy import inspect, select

from app.demo import DEMO_SIGN_INS
from app.extensions import db
from app.models import User


def refuse_demo_accounts() -> None:
    """Raise RuntimeError when one of the demo's sign-ins is in the database.

    Only a confirmed address counts: anybody may register with one that is not theirs.
    """
    addresses = [email for email, _ in DEMO_SIGN_INS]
    known = select(User.confirmed_email).where(User.confirmed_email.in_(addresses))
    try:
        has_tables = inspect(db.engine).has_table(User.__tablename__)
        found = list(db.session.scalars(known)) if has_tables else []
    finally:
        # A server may fork after this; its children must not share a connection.
        db.session.remove()
        db.engine.dispose()
    if found:
        raise RuntimeError(
            f"Docket does not start like this. The database holds the demo clinic ({found[0]}), "
            "whose password is public. Start production with a database of its own."
        )
