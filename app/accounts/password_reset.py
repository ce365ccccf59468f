"""A new password by a mailed link, for whoever can read the mail of the address."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts import addresses, confirmation, links, passwords, profile, slowing
from app.accounts.profile import SamePassword
from app.accounts.sessions import hash_of
from app.extensions import db
from app.messaging import outbox
from app.models import MessageKind, TokenPurpose, User
from app.transaction import transactional


@transactional
def ask(email: str) -> None:
    """Mail a link to the account of an address, if there is one; the caller learns nothing."""
    address = addresses.as_typed(email)
    # Counted for every address, so that this transaction writes whether there is an account or not.
    if slowing.admit(slowing.RESET_MAIL, address):
        return
    user = _account_of(address)
    if user is None:
        return
    token = links.issue(user, TokenPurpose.RESET_PASSWORD)
    outbox.put(
        MessageKind.RESET_PASSWORD, user, f"reset:{hash_of(token)}", details={"token": token}
    )


def account_of(token: str) -> User | None:
    """Whose password a link would change, if it is still good; looking does not use it."""
    return links.owner_of(token, TokenPurpose.RESET_PASSWORD)


def choose(token: str, password: str) -> User:
    """Use a link: set the password, end every session, confirm the address, tell by mail. Raises
    LinkOver; SamePassword where an admin has asked for another one."""
    user = account_of(token)
    if user and user.must_change_password and passwords.matches(password, user.password_hash):
        raise SamePassword
    return _store(token, passwords.hash_of(password))


@transactional
def _store(token: str, password_hash: str) -> User:
    user = links.use(token, TokenPurpose.RESET_PASSWORD)
    confirmation.make_own(user)
    profile.set_password(user, password_hash, "user.password_reset")
    slowing.clear(slowing.SIGN_IN, user.email)
    return user


def _account_of(address: str) -> User | None:
    """The account that has the address or, if none has, the newest that was made with it."""
    owner = confirmation.owner_of(address)
    if owner is not None:
        return owner if owner.is_active else None
    made_with_it = select(User).where(
        User.email == address, User.confirmed_email.is_(None), User.is_active
    )
    return db.session.scalars(made_with_it.order_by(User.id.desc()).limit(1)).one_or_none()
