"""Browsers that somebody has signed in on before. A sign-in on any other is told to its owner.

A browser keeps one mark for each account it was signed in to, in a cookie: signed, and made from
the account and its latest change of password. So nobody can make a mark, none is of use for
another account, and a new password makes all marks worthless.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from app import clock
from app.accounts import devices, profile, sessions
from app.accounts.sessions import Device
from app.clinic import audit
from app.extensions import db
from app.messaging import outbox
from app.models import AuditEvent, MessageKind, OutboxMessage, User
from app.transaction import transactional

MOST_MARKS = 20  # accounts of one browser, as at a front desk
MOST_AN_HOUR = 3  # messages for one account
MARK = re.compile(r"[A-Za-z0-9_-]{20}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's token, and what the browser is to keep as its marks."""

    token: str
    marks: str


@transactional
def sign_in(user: User, device: Device, marks: str, key: str, *, with_notice: bool) -> SignedIn:
    """Start a session for a browser that has these marks. The account's owner is told, if that
    `with_notice`, of a browser that has none for the account; `key` is what marks are signed with.
    """
    mark = _mark_of(user, key)
    known = list(_read(marks))
    is_known = any(hmac.compare_digest(mark, one) for one in known)
    if with_notice and not is_known:
        _tell(user, device)
    token = sessions.start(user, device)
    others = [one for one in known if one != mark]
    return SignedIn(token, ".".join([mark, *others][:MOST_MARKS]))


def _mark_of(user: User, key: str) -> str:
    text = f"docket.known-browser {user.ref} {_latest_password(user)}"
    digest = hmac.new(key.encode(), text.encode(), "sha256").digest()
    return base64.urlsafe_b64encode(digest[:15]).decode()


def _latest_password(user: User) -> int:
    """The number of the event of the latest change of password; 0 while it is the first."""
    latest = select(func.max(AuditEvent.id)).where(
        AuditEvent.object_kind == audit.kind_of(user),
        AuditEvent.object_id == user.id,
        AuditEvent.action.in_(profile.PASSWORD_ACTIONS),
    )
    return db.session.scalar(latest) or 0


def _read(marks: str) -> Iterator[str]:
    """The marks of a cookie, whatever else stands in it."""
    for one in marks.split(".", MOST_MARKS)[:MOST_MARKS]:
        if MARK.fullmatch(one):
            yield one


def _tell(user: User, device: Device) -> None:
    """Write to the owner, a few times an hour at most, and never to an address that nobody has
    shown to be theirs."""
    if not user.is_confirmed:
        return
    db.session.refresh(user, with_for_update=True)  # two at once take one key each
    hour = int(clock.now().timestamp()) // 3600
    keys = [f"new_sign_in:{user.id}:{hour}:{number}" for number in range(MOST_AN_HOUR)]
    taken = select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(keys))
    free = sorted({*keys} - {*db.session.scalars(taken)})
    if free:
        details = {
            "device": devices.in_words(device.name),
            "address": device.address,
            "at": clock.now().isoformat(),
        }
        outbox.put(MessageKind.NEW_SIGN_IN, user, free[0], details=details)
