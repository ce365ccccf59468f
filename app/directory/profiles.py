"""What a doctor's public page says, and what its doctor would like it to say.

Nothing of it is published before an admin has let it through: a doctor's wish is kept beside the
page, as the fields that would change. What an admin writes is published at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import joinedload

from app import clock
from app.clinic import audit
from app.directory import portraits, publishing
from app.directory.profile import Profile, published, said
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.messaging import outbox
from app.models import (
    AuditEvent,
    Doctor,
    MessageKind,
    ProfileChange,
    Role,
    Specialty,
    User,
    VisitType,
)
from app.transaction import transactional

LONGEST_ABOUT = 4000
LONGEST_REASON = 500
APPROVED, DECLINED = "doctor.profile_approved", "doctor.profile_declined"
FIELDS, REASON = "fields", "declined"  # what `ProfileChange.wanted` holds


class Unfindable(ClinicError):
    """A doctor whom the public sees must stay findable and bookable."""

    sentence = "A published doctor has at least one specialty and one visit type."


@dataclass(frozen=True, slots=True)
class Draft:
    """A doctor's page as it is, and as it is wished for. `asked` holds the fields that would
    change, `declined` an admin's reason why they do not."""

    doctor: Doctor
    published: Profile
    asked: Mapping[str, Any]
    declined: str | None
    change: ProfileChange | None

    @property
    def wanted(self) -> Profile:
        return self.published.changed_by(self.asked)

    @property
    def is_waiting(self) -> bool:
        return bool(self.asked) and self.declined is None

    @property
    def version(self) -> str:
        """The same as long as nobody has changed the page or the wish."""
        both = [self.published.state, self.change.wanted if self.change else None]
        return hashlib.blake2b(
            json.dumps(both, sort_keys=True).encode(), digest_size=12
        ).hexdigest()


def draft_of(doctor: Doctor) -> Draft:
    """A doctor's page and what is wished for."""
    change = db.session.get(ProfileChange, doctor.id)
    wanted = change.wanted if change else {}
    page = published(doctor)
    asked = {
        name: value for name, value in wanted.get(FIELDS, {}).items() if page.state[name] != value
    }
    return Draft(doctor, page, asked, wanted.get(REASON), change)


def waiting() -> Sequence[tuple[Doctor, ProfileChange]]:
    """The doctors whose wishes wait for an admin, the longest waiting first."""
    query = (
        select(Doctor, ProfileChange)
        .join(ProfileChange, ProfileChange.doctor_id == Doctor.id)
        .options(joinedload(Doctor.user))
        .order_by(ProfileChange.asked_at, Doctor.id)
    )
    rows = db.session.execute(query).all()
    return [(doctor, change) for doctor, change in rows if not change.is_declined]


def sweep_portraits(folder: Path) -> int:
    """Delete the pictures that no page shows and no wish holds, a day after they were stored; how
    many. What was declined is still a wish."""
    rows = db.session.scalars(select(Doctor.portrait).where(Doctor.portrait.is_not(None)))
    in_use = {name for name in rows if name}
    for wanted in db.session.scalars(select(ProfileChange.wanted)):
        in_use.add(wanted.get(FIELDS, {}).get("portrait") or "")
    return portraits.sweep(folder, in_use, (clock.now() - timedelta(1)).timestamp())


def last_answer(doctor: Doctor) -> AuditEvent | None:
    """What an admin said last to a wish of this doctor."""
    events = select(AuditEvent).where(
        AuditEvent.object_kind == "doctor",
        AuditEvent.object_id == doctor.id,
        AuditEvent.action.in_((APPROVED, DECLINED)),
    )
    return db.session.scalars(events.order_by(AuditEvent.id.desc()).limit(1)).first()


@transactional
def save(doctor: Doctor, wanted: Profile, actor: User, *, version: str) -> bool:
    """Publish what an admin wrote, or keep what the doctor would like until an admin has looked at
    it; whether it is published. Raises NotAllowed, ChangedMeanwhile, Unfindable."""
    draft = _lock(doctor, actor, version)
    _check(doctor, wanted)
    if actor.role is Role.ADMIN:
        _publish(draft, wanted, actor, "doctor.profile_changed")
        return True
    asked = draft.published.changes_to(wanted)
    if asked != dict(draft.asked) or draft.declined is not None:
        _keep(draft, {FIELDS: asked} if asked else None)
        _record(draft, wanted, actor, "doctor.profile_asked" if asked else "doctor.profile_dropped")
    return not asked


@transactional
def withdraw(doctor: Doctor, actor: User, *, version: str) -> None:
    """Forget what the doctor wished for. Raises NotAllowed, ChangedMeanwhile."""
    draft = _lock(doctor, actor, version)
    if draft.change is not None:
        _record(draft, draft.published, actor, "doctor.profile_dropped")
        _keep(draft, None)


@transactional
def let_through(doctor: Doctor, actor: User, *, version: str) -> None:
    """Publish what the doctor wishes for, and tell them. Raises NotAllowed, ChangedMeanwhile,
    Unfindable."""
    draft = _lock_for_answer(doctor, actor, version)
    _check(doctor, draft.wanted)
    _publish(draft, draft.wanted, actor, APPROVED)
    _keep(draft, None)
    key = f"page_published:{doctor.id}:{doctor.version}"
    outbox.put(MessageKind.PAGE_PUBLISHED, doctor.user, key)


@transactional
def decline(doctor: Doctor, actor: User, reason: str, *, version: str) -> None:
    """Leave the page as it is, and tell the doctor why; they keep what they wrote. Raises
    NotAllowed, ChangedMeanwhile."""
    draft = _lock_for_answer(doctor, actor, version)
    reason = reason.strip()[:LONGEST_REASON]
    _keep(draft, {FIELDS: dict(draft.asked), REASON: reason})
    _record(draft, draft.wanted, actor, DECLINED, reason)
    if draft.change is not None:
        wish = draft.change.key
        details = {"reason": reason, "wish": wish}
        outbox.put(MessageKind.PAGE_REFUSED, doctor.user, f"page_refused:{wish}", details=details)


def _lock(doctor: Doctor, actor: User, version: str) -> Draft:
    db.session.refresh(actor)
    is_own = actor.role is Role.DOCTOR and actor.id == doctor.user_id
    if not actor.is_active or not (is_own or actor.role is Role.ADMIN):
        raise NotAllowed
    db.session.refresh(doctor, with_for_update=True)
    draft = draft_of(doctor)
    if draft.version != version:
        raise ChangedMeanwhile
    return draft


def _lock_for_answer(doctor: Doctor, actor: User, version: str) -> Draft:
    draft = _lock(doctor, actor, version)
    if actor.role is not Role.ADMIN:
        raise NotAllowed
    if not draft.is_waiting:
        raise ChangedMeanwhile
    return draft


def _check(doctor: Doctor, wanted: Profile) -> None:
    """A wish may be older than what the clinic has."""
    known = exists().where(Specialty.slug.in_(wanted.specialties))
    offered = exists().where(VisitType.ref.in_(wanted.visits), VisitType.is_active)
    if doctor.is_published and not db.session.scalar(select(and_(known, offered))):
        raise Unfindable


def _keep(draft: Draft, wanted: dict[str, Any] | None) -> None:
    """Store the wish, or take it away."""
    if wanted is None:
        if draft.change is not None:
            db.session.delete(draft.change)
    elif draft.change is None:
        db.session.add(
            ProfileChange(doctor_id=draft.doctor.id, wanted=wanted, asked_at=clock.now())
        )
    else:
        if REASON not in wanted:
            draft.change.asked_at = clock.now()
        draft.change.wanted = wanted
        draft.change.version += 1


def _publish(draft: Draft, wanted: Profile, actor: User, action: str) -> None:
    if draft.published.changes_to(wanted):
        _record(draft, wanted, actor, action)
        publishing.write(draft.doctor, wanted)


def _record(draft: Draft, wanted: Profile, actor: User, action: str, reason: str = "") -> None:
    was = draft.published if actor.role is Role.ADMIN else draft.wanted
    changed = was.changes_to(wanted)
    audit.record(
        actor,
        action,
        draft.doctor,
        name=draft.doctor.name,
        before=said(was, changed),
        after=said(wanted, changed),
        reason=reason,
    )
