"""What people change of their own account."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from app.accounts import links, passwords, sessions, sign_in, slowing
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError
from app.extensions import db
from app.messaging import outbox
from app.models import MessageKind, TokenPurpose, User
from app.transaction import transactional

REGIONS = (
    "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian",
    "Pacific",
)  # fmt: skip

PASSWORD_ACTIONS = ("user.password_changed", "user.password_reset")  # of what `set_password` does


class WrongPassword(ClinicError):
    status = 422
    sentence = "This is not your present password."


class SamePassword(ClinicError):
    status = 422
    sentence = "This is the password you have already. Choose another one."


class UnknownZone(ClinicError):
    status = 422
    sentence = "Choose one of the time zones in the list."


@cache
def zones() -> tuple[str, ...]:
    """The zones that somebody may live in, in alphabetical order."""
    return tuple(sorted(key for key in available_timezones() if key.startswith(REGIONS)))


@transactional
def update(user: User, *, name: str, phone: str, zone: str | None, version: int) -> None:
    """Change name, telephone and zone. `phone` is kept for patients, who are called back;
    `version` is the one that the person has seen. Raises UnknownZone, ChangedMeanwhile."""
    if zone is not None and zone not in zones():
        raise UnknownZone
    db.session.refresh(user, with_for_update=True)
    if user.version != version:
        raise ChangedMeanwhile
    before = _state(user)
    user.name = name
    user.zone = zone
    if user.patient is not None:
        user.patient.phone = phone or None
    after = _state(user)
    changed = [field for field in after if after[field] != before[field]]
    if not changed:
        return
    user.version += 1
    audit.record(
        user,
        "user.profile",
        user,
        name=user.name,
        before={field: before[field] for field in changed},
        after={field: after[field] for field in changed},
    )


def change_password(user: User, current: str, new: str) -> None:
    """Set a new password after asking for the present one, and end every session: the caller
    starts a fresh one for the browser at hand. Raises WrongPassword, SamePassword, TooManyTries."""
    sign_in.pace_out(user.email)
    known = user.password_hash
    if not passwords.matches(current, known):
        raise WrongPassword
    if new == current:
        raise SamePassword
    _store(user, known, passwords.hash_of(new))


def set_password(user: User, password_hash: str, action: str) -> None:
    """Store a password in the present transaction; what was open with the old one ends, and the
    owner is told by mail."""
    user.password_hash = password_hash
    user.must_change_password = False
    user.version += 1
    sessions.end_all(user)
    links.void(user, TokenPurpose.RESET_PASSWORD, TokenPurpose.INVITATION)
    audit.record(user, action, user, name=user.name)
    outbox.put(MessageKind.PASSWORD_CHANGED, user, f"password_changed:{user.id}:{user.version}")


@transactional
def _store(user: User, known: str, fresh: str) -> None:
    db.session.refresh(user, with_for_update=True)
    if user.password_hash == fresh:  # by a try whose end we did not hear of
        return
    if user.password_hash != known:
        raise ChangedMeanwhile
    set_password(user, fresh, "user.password_changed")
    slowing.clear(slowing.SIGN_IN, user.email)


def _state(user: User) -> dict[str, str | None]:
    phone = user.patient.phone if user.patient else None
    return {"name": user.name, "phone": phone, "zone": user.zone}
