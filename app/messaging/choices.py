"""What people choose to be told by e-mail, and the links in letters by which they stop some.

Whoever chooses on a page says which state they have seen, so that of two open pages neither
overwrites the other unseen. A link carries its own permission, and only ever stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.errors import ChangedMeanwhile
from app.extensions import db
from app.messaging import agendas, reminders
from app.models import AgendaMail, Doctor, Patient, User
from app.signing import Purpose, Signer
from app.transaction import transactional

LIKE_THE_CLINIC = "clinic"


@dataclass(frozen=True, slots=True)
class Stop:
    """What a link in a letter stops for whom, and whether that has stopped already."""

    purpose: Purpose
    user: User
    is_done: bool


def lead_in_words(hours: int) -> str:
    """`7 days`, `1 day`, `4 hours`: how long before a visit a reminder comes."""
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def leads_in_words(leads: Sequence[int]) -> str:
    """`7 days, 1 day and 2 hours`; nothing for none."""
    words = [lead_in_words(hours) for hours in sorted(leads, reverse=True)]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def version_of_reminders(patient: Patient) -> str:
    """A word for what a patient has chosen: another choice, another word."""
    return _of_reminders(patient.own_reminders)


def version_of_mail(doctor: Doctor) -> str:
    """The same for a doctor."""
    return _of_mail(doctor.agenda_mail, doctor.mail_changes)


@transactional
def choose_reminders(patient: Patient, hours: Sequence[int] | None, *, version: str) -> None:
    """Remind a patient so many hours before each visit, never for an empty list, or as the clinic
    does for None. What is so already changes nothing. Raises ChangedMeanwhile, UnknownLead."""
    db.session.refresh(patient, with_for_update=True)
    if version_of_reminders(patient) not in {version, _of_reminders(hours)}:
        raise ChangedMeanwhile
    reminders.choose(patient, hours)


@transactional
def choose_mail(doctor: Doctor, when: AgendaMail, changes: bool, *, version: str) -> None:
    """Send a doctor each day's visits at that time, and tell them what patients change, or not.
    What is so already changes nothing. Raises ChangedMeanwhile."""
    db.session.refresh(doctor, with_for_update=True)
    if version_of_mail(doctor) not in {version, _of_mail(when, changes)}:
        raise ChangedMeanwhile
    agendas.choose(doctor, when)
    agendas.mail_changes(doctor, changes)


def stop_of(token: str, signer: Signer, at: datetime) -> Stop | None:
    """What the link with this token stops; None for one that is forged or for something else."""
    for purpose in (Purpose.STOP_REMINDERS, Purpose.STOP_AGENDA):
        ref = signer.subject(purpose, token, at)
        if ref is not None:
            user = db.session.scalars(select(User).where(User.ref == ref)).one_or_none()
            return _stop_for(purpose, user) if user is not None else None
    return None


def stop(wanted: Stop) -> None:
    """Do it; what has stopped already stays so."""
    if wanted.user.patient is not None and wanted.purpose is Purpose.STOP_REMINDERS:
        reminders.choose(wanted.user.patient, [])
    if wanted.user.doctor is not None and wanted.purpose is Purpose.STOP_AGENDA:
        agendas.choose(wanted.user.doctor, AgendaMail.NEVER)


def _of_reminders(hours: Sequence[int] | None) -> str:
    if hours is None:
        return LIKE_THE_CLINIC
    return "-".join(map(str, sorted(set(hours), reverse=True))) or "none"


def _of_mail(when: AgendaMail, changes: bool) -> str:
    return f"{when.value}-{changes}"


def _stop_for(purpose: Purpose, user: User) -> Stop | None:
    if purpose is Purpose.STOP_REMINDERS and user.patient is not None:
        return Stop(purpose, user, user.patient.own_reminders == [])
    if purpose is Purpose.STOP_AGENDA and user.doctor is not None:
        return Stop(purpose, user, user.doctor.agenda_mail is AgendaMail.NEVER)
    return None
