"""Making an admin where there is none to do it: from the command line."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from app.accounts import passwords
from app.clinic import audit
from app.errors import ClinicError
from app.extensions import db
from app.models import Role, User
from app.transaction import is_duplicate, transactional


class AddressTaken(ClinicError):
    sentence = "An account with this e-mail address exists already."


class WeakPassword(ClinicError):
    """A password that will not do; the sentence says why."""


def create(name: str, email: str, password: str) -> User:
    """Make an admin whose address counts as confirmed. Raises WeakPassword, AddressTaken."""
    if complaint := passwords.complaint(password, name, email):
        raise WeakPassword(complaint)
    return _store(name, email, passwords.hash_of(password))


@transactional
def _store(name: str, email: str, password_hash: str) -> User:
    same = or_(User.email == email, User.confirmed_email == email)
    if db.session.scalar(select(User.id).where(same).limit(1)) is not None:
        raise AddressTaken
    admin = User(
        name=name,
        email=email,
        confirmed_email=email,
        role=Role.ADMIN,
        password_hash=password_hash,
    )
    db.session.add(admin)
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "confirmed_email"):
            raise AddressTaken from fault
        raise
    after = {"email": email, "role": Role.ADMIN.value}
    audit.record(None, "user.created", admin, name=name, after=after)
    return admin
