"""From an e-mail address and a password to an account, telling strangers nothing on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from app.accounts import addresses, passwords, slowing
from app.errors import ClinicError
from app.extensions import db
from app.models import User
from app.transaction import rows_changed, transactional

UNCONFIRMED_TRIED = 2


class WrongCredentials(ClinicError):
    status = 422
    sentence = "This e-mail address and password do not belong together. Check both and try again."


class TooManyTries(ClinicError):
    """The address has been tried too often; `wait` says how long nobody may."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(
            f"There were too many tries for this address. Try again in {in_words(wait)}, "
            "or choose a new password by e-mail."
        )


def authenticate(email: str, password: str) -> User:
    """The active account whose password this is: the confirmed one of the address, or one of the
    newest unconfirmed ones.

    The password is compared equally often whatever there is, so that neither time nor the answer
    tells. An unconfirmed account can be signed in to beside a confirmed one: if it could not,
    registering with a stranger's address and signing in again would tell whether it is known.
    Raises WrongCredentials, also for closed accounts; TooManyTries.
    """
    address = addresses.as_typed(email)
    pace_out(address)
    found = None
    for user in _candidates(address):
        is_theirs = passwords.matches(password, user.password_hash if user else None)
        if is_theirs and found is None:
            found = user
    if found is None:
        raise WrongCredentials
    slowing.clear(slowing.SIGN_IN, address)
    if passwords.is_outdated(found.password_hash):
        _renew(found, found.password_hash, passwords.hash_of(password))
    return found


def pace_out(address: str) -> None:
    """Count a try of a password for a normalised address. Raises TooManyTries."""
    if wait := slowing.admit(slowing.SIGN_IN, address):
        raise TooManyTries(wait)


def in_words(wait: timedelta) -> str:
    """`30 seconds`, `4 minutes`: rounded up."""
    seconds = max(1, int(wait.total_seconds() + 0.999))
    if seconds <= 60:
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    return f"{-(-seconds // 60)} minutes"


def _candidates(address: str) -> Sequence[User | None]:
    """Always equally many; who is missing is nobody."""
    active = select(User).where(User.is_active)
    confirmed = db.session.scalars(active.where(User.confirmed_email == address)).one_or_none()
    newest = active.where(User.email == address, User.confirmed_email.is_(None))
    others: list[User | None] = [
        *db.session.scalars(newest.order_by(User.id.desc()).limit(UNCONFIRMED_TRIED))
    ]
    return [confirmed, *others, *[None] * (UNCONFIRMED_TRIED - len(others))]


@transactional
def _renew(user: User, known: str, fresh: str) -> None:
    """Keep a hash of today's strength, unless the password has changed meanwhile."""
    rows_changed(
        update(User)
        .where(User.id == user.id, User.password_hash == known)
        .values(password_hash=fresh)
    )
