"""The demo clinic: loaded into an empty database, lived through by the use cases themselves."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts import passwords
from app.demo import clinic, history
from app.extensions import db
from app.models import User

DEMO_PASSWORD = "have-a-look-around"  # noqa: S105 (public; production refuses the demo)
DEMO_SIGN_INS: list[tuple[str, str]] = [
    ("admin@demo.docket", "admin"),
    ("doctor@demo.docket", "doctor"),
    ("patient@demo.docket", "patient"),
]


def load_if_empty() -> bool:
    """Load the demo clinic when nobody is in the database yet; whether it was loaded.

    The clinic is one transaction and its history another; a start that was broken off between
    them goes on where it stopped.
    """
    is_empty = db.session.scalar(select(User.id).limit(1)) is None
    if not is_empty and not history.is_missing():
        return False
    password_hash = passwords.hash_of(DEMO_PASSWORD)
    if is_empty:
        clinic.open_clinic(password_hash)
    history.live_through(password_hash)
    return True
