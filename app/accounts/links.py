"""Links that are mailed: random, kept only as a hash, good once, for one purpose, for a while."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import Select, select, update

from app import clock
from app.accounts.sessions import hash_of
from app.errors import ClinicError
from app.extensions import db
from app.models import OneTimeToken, TokenPurpose, User
from app.transaction import rows_changed, transactional

LIFETIMES = {
    TokenPurpose.CONFIRM_EMAIL: timedelta(hours=48),
    TokenPurpose.RESET_PASSWORD: timedelta(hours=1),
    TokenPurpose.INVITATION: timedelta(days=7),
}
LONGEST = 100


class LinkOver(ClinicError):
    status = 410
    sentence = "This link has been used, or it has grown old. Ask for a new one."


@transactional
def issue(user: User, purpose: TokenPurpose) -> str:
    """A new token for a link; the answer is the only copy of it."""
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + LIFETIMES[purpose]
    row = OneTimeToken(
        token_hash=hash_of(token), purpose=purpose, user_id=user.id, expires_at=expires_at
    )
    db.session.add(row)
    return token


def owner_of(token: str, purpose: TokenPurpose) -> User | None:
    """Whom an unused token would serve; looking does not use it."""
    return db.session.scalars(_good(token, purpose)).one_or_none()


@transactional
def use(token: str, purpose: TokenPurpose) -> User:
    """Use a token up. Of two who use it at once, one gets LinkOver."""
    user = owner_of(token, purpose)
    used = rows_changed(
        update(OneTimeToken)
        .where(
            OneTimeToken.token_hash == hash_of(token),
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    if user is None or used != 1:
        raise LinkOver
    return user


@transactional
def void(user: User, *purposes: TokenPurpose) -> None:
    """Make links of these purposes that are still unused worthless."""
    rows_changed(
        update(OneTimeToken)
        .where(
            OneTimeToken.user_id == user.id,
            OneTimeToken.purpose.in_(purposes),
            OneTimeToken.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )


def _good(token: str, purpose: TokenPurpose) -> Select[User]:
    return (
        select(User)
        .join(OneTimeToken, OneTimeToken.user_id == User.id)
        .where(
            OneTimeToken.token_hash == hash_of(token),
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > clock.now(),
            User.is_active,
        )
    )
