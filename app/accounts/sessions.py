"""Signed-in browsers: rows that can be seen and ended, behind a token that only the cookie has."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import joinedload

from app import clock
from app.clinic import settings
from app.extensions import db
from app.models import LoginSession, Role, User
from app.transaction import rows_changed, transactional

TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Device:
    """What a browser says of itself, and where it comes from."""

    name: str
    address: str


@transactional
def start(user: User, device: Device) -> str:
    """Sign a browser in; the answer is the token for its cookie, and the only copy of it."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        LoginSession(
            token_hash=hash_of(token),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=settings.current().session_hours),
            device=device.name[:120],
            address=device.address[:45],
        )
    )
    return token


def of(token: str) -> LoginSession | None:
    """The session behind a token, with its user, if it still stands: not ended, not too old, not
    idle for longer than the role may be, and its user active."""
    session = db.session.scalars(
        select(LoginSession)
        .options(
            joinedload(LoginSession.user).joinedload(User.patient),
        )
        .where(LoginSession.token_hash == hash_of(token), LoginSession.ended_at.is_(None))
    ).one_or_none()
    if session is None or not session.user.is_active:
        return None
    now = clock.now()
    over = now >= session.expires_at or now >= session.seen_at + idle_time(session.user.role)
    return None if over else session


def idle_time(role: Role) -> timedelta:
    """How long somebody of this role may do nothing before they have to sign in again."""
    policy = settings.current()
    patient = role is Role.PATIENT
    return timedelta(minutes=policy.idle_minutes_patient if patient else policy.idle_minutes_staff)


def is_due_for_touch(session: LoginSession) -> bool:
    """Whether it is a minute or more since the person was last noted."""
    return session.seen_at < clock.now() - TOUCH_EVERY


@transactional
def touch(session_id: int) -> None:
    """Note that the person is here; writes at most once a minute."""
    now = clock.now()
    rows_changed(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.seen_at < now - TOUCH_EVERY)
        .values(seen_at=now)
    )


@transactional
def end(token: str) -> None:
    """Sign one browser out."""
    _end(LoginSession.token_hash == hash_of(token))


@transactional
def end_all(user: User, apart_from: str | None = None) -> None:
    """Sign all of somebody's browsers out, except the one with the token `apart_from`."""
    condition = LoginSession.user_id == user.id
    if apart_from is not None:
        condition = and_(condition, LoginSession.token_hash != hash_of(apart_from))
    _end(condition)


@transactional
def end_one(user: User, session_id: int) -> None:
    """Sign one of somebody's own browsers out."""
    _end((LoginSession.user_id == user.id) & (LoginSession.id == session_id))


def open_sessions(user: User) -> Sequence[LoginSession]:
    """Somebody's signed-in browsers, the latest seen first."""
    now = clock.now()
    return db.session.scalars(
        select(LoginSession)
        .where(
            LoginSession.user_id == user.id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.seen_at > now - idle_time(user.role),
        )
        .order_by(LoginSession.seen_at.desc())
    ).all()


def hash_of(token: str) -> str:
    """What the database keeps of a secret token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _end(condition: ColumnElement[bool]) -> None:
    rows_changed(
        update(LoginSession)
        .where(condition, LoginSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
