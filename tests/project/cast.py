"""Who walks through the house, and the things there that belong to somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask import current_app

from app import clock
from app.accounts import invitations, links, sessions
from app.accounts.invitations import Newcomer
from app.accounts.sessions import Device
from app.billing import receipts
from app.clinic import policy, settings
from app.directory import locations, specialties, visit_types
from app.extensions import db
from app.messaging import feeds, visit_links
from app.models import (
    Appointment,
    Doctor,
    HoursExceptionKind,
    LedgerEntry,
    LedgerKind,
    MessageState,
    Patient,
    Payment,
    PaymentState,
    PayWhen,
    Refund,
    RefundCause,
    RefundState,
    Role,
    TokenPurpose,
    User,
)
from app.scheduling import changes, closures, holds, time_off, visits
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.scheduling.wishes import EXTRA_HOURS, TIME_OFF, Wish
from app.signing import Purpose, Signer
from tests import builders


class Person(StrEnum):
    ANONYMOUS = "anonymous"
    PATIENT_A = "patient A"
    PATIENT_B = "patient B"
    DOCTOR_A = "doctor A"
    DOCTOR_B = "doctor B"
    ADMIN = "admin"

    @property
    def role(self) -> Role | None:
        """The role of somebody who is signed in."""
        return None if self is Person.ANONYMOUS else Role(self.value.split()[0])


@dataclass(frozen=True, slots=True)
class Cast:
    """The tokens of the signed-in, and what stands in addresses and forms: `of["appointment"]` is
    patient A's with doctor A."""

    tokens: dict[Person, str]
    of: dict[str, str]


def build() -> Cast:
    """People of each role, and patient A's appointments with doctor A in several states."""
    plain = builders.a_visit_type("Consultation", minutes=30)
    asked = builders.a_visit_type("Examination", minutes=45, needs_approval=True, price_cents=9000)
    doctor_a = builders.a_doctor("Ada Alvarez", visit_types=[plain, asked])
    doctor_b = builders.a_doctor("Bela Brandt", visit_types=[plain])
    doctor_a.portrait = builders.a_portrait()
    db.session.commit()
    specialty = doctor_a.specialties[0].slug
    waiting = builders.a_doctor("Wanda Weiss", visit_types=[plain], published=False)
    patient_a, patient_b = builders.a_patient("Alma Abel"), builders.a_patient("Ben Bauer")
    admin = builders.a_user(Role.ADMIN, "Ana Sousa")
    builders.a_user(Role.ADMIN, "Second Admin")
    confirmed = builders.booked(patient_a, doctor_a, _in_days(3, "10:30"), plain)
    requested = builders.booked(patient_a, doctor_a, _in_days(4, "11:00"), asked)
    cancelled = builders.booked(patient_b, doctor_b, _in_days(5, "11:00"), plain)
    changes.cancel(cancelled, Actor.of(doctor_b.user), "Ill", version=cancelled.version)
    finished = builders.booked(patient_b, doctor_a, _in_days(8, "09:00"), plain)
    for step in (Step.START, Step.COMPLETE):
        visits.take(finished, step, Actor.of(doctor_a.user), version=finished.version)
    held = _held(patient_a, doctor_b, plain.ref)
    extra_hours = _exception(doctor_a, EXTRA_HOURS, "18:00", "19:00")
    builders.booked(patient_b, doctor_a, _in_days(7, "18:00"), plain)
    gone = _exception(doctor_a, TIME_OFF, "20:00", "21:00")
    deleted = time_off.remove(doctor_a, gone, doctor_a.user, whole=False)
    closed = builders.a_closure(confirmed.location, _in_days(30, "00:00"), _in_days(31, "00:00"))
    users = {
        Person.PATIENT_A: patient_a.user,
        Person.PATIENT_B: patient_b.user,
        Person.DOCTOR_A: doctor_a.user,
        Person.DOCTOR_B: doctor_b.user,
        Person.ADMIN: admin,
    }
    invited = invitations.create(Newcomer("Ingo Imhof", "ingo@example.org", Role.PATIENT), admin)
    unreached = invitations.create(
        Newcomer("Ute Uhl", "", Role.PATIENT, phone="+49 30 55"), doctor_a.user
    )
    tokens = {person: _signed_in(user) for person, user in users.items()}
    things = {
        "appointment": confirmed.ref,
        "request": requested.ref,
        "held": held.ref,
        "finished": finished.ref,
        "doctor": doctor_a.ref,
        "waiting doctor": waiting.ref,
        "waiting user": waiting.user.ref,
        "patient": patient_a.user.ref,
        "visit type": plain.ref,
        "day": _in_days(3, "10:30").date().isoformat(),
        "tick": str(clock.tick_of(_in_days(3, "14:00"))),
        "taken tick": str(clock.tick_of(confirmed.starts_at)),
        "email": patient_a.user.email,
        "confirming token": links.issue(patient_b.user, TokenPurpose.CONFIRM_EMAIL),
        "resetting token": links.issue(patient_b.user, TokenPurpose.RESET_PASSWORD),
        "invited user": invited.ref,
        "user without an address": unreached.ref,
        "inviting token": links.issue(invited, TokenPurpose.INVITATION),
        "specialty": specialty,
        "place": confirmed.location.slug,
        "closure number": str(closed.id),
        "closure version": closures.version_of(closed),
        **_removals(admin),
        **_mailed_links(confirmed),
        **_payment(confirmed),
        "location": str(confirmed.location_id),
        "extra hours": str(extra_hours),
        "deleted time off": str(deleted),
        "portrait": doctor_a.portrait or "",
        "feed token": _feed_token(patient_a.user),
        "stopping token": _signer().token(Purpose.STOP_REMINDERS, patient_b.user.ref),
        "settings": policy.version_of(settings.current()),
        **{f"session of {person}": _session_id(users[person]) for person in users},
    }
    db.session.commit()
    things["sent message"], things["dead message"] = _messages(confirmed, requested)
    return Cast(tokens, things)


def _messages(told: Appointment, untold: Appointment) -> tuple[str, str]:
    """The numbers of a message that was sent, with a file, and of one that was given up."""
    sent = builders.a_message(told, state=MessageState.SENT)
    dead = builders.a_message(untold, state=MessageState.DEAD, error="Somebody said: 550 no")
    return str(sent.id), str(dead.id)


def _removals(admin: User) -> dict[str, str]:
    """The numbers by which an admin brings back one of each kind that can be removed."""
    specialty = builders.a_specialty("Phrenology")
    place = builders.a_location("Closed Street")
    kind = builders.a_visit_type("Bloodletting")
    closure = builders.a_closure(
        builders.a_location(), _in_days(40, "00:00"), _in_days(41, "00:00")
    )
    closed = closures.remove(closure, admin, version=closures.version_of(closure))
    return {
        "removed specialty": str(specialties.remove(specialty, admin, version=1)),
        "removed location": str(locations.remove(place, admin, version=1)),
        "removed visit type": str(visit_types.remove(kind, admin, version=1)),
        "removed closure": str(closed),
    }


def _mailed_links(visit: Appointment) -> dict[str, str]:
    """The tokens in the letters about a visit."""
    signer = Signer(current_app.config["DOCKET"].secret_key)
    purposes = {
        "seeing link": Purpose.SEE_VISIT,
        "moving link": Purpose.MOVE_VISIT,
        "cancelling link": Purpose.CANCEL_VISIT,
    }
    return {
        name: visit_links.path_of(signer, purpose, visit).split("/")[2]
        for name, purpose in purposes.items()
    }


def _payment(visit: Appointment) -> dict[str, str]:
    """A payment that was made for a visit."""
    paid = Payment(
        appointment_id=visit.id,
        state=PaymentState.PAID,
        cents=4500,
        currency="EUR",
        create_key="a key",
        session_id="cs_test_of_a",
        due_at=clock.now(),
    )
    visit.pay_when = PayWhen.ONLINE
    charge = LedgerEntry(
        kind=LedgerKind.CHARGE, cents=4500, currency="EUR", stripe_id="ch_a", at=clock.now()
    )
    failed = Refund(
        cause=RefundCause.BY_STAFF, cents=500, state=RefundState.FAILED, key="a key of a refund"
    )
    paid.entries, paid.refunds = [charge], [failed]
    db.session.add(paid)
    db.session.flush()
    receipts.issue(paid)
    db.session.commit()
    return {
        "payment": paid.ref,
        "checkout session": "cs_test_of_a",
        "failed refund": str(failed.id),
    }


def _held(patient: Patient, doctor: Doctor, kind: str) -> Appointment:
    tick = clock.tick_of(_in_days(6, "15:00"))
    return holds.hold(Holder("browser A", patient, "192.0.2.1"), doctor.ref, kind, tick, "a key")


def _exception(doctor: Doctor, kind: HoursExceptionKind, starts: str, ends: str) -> int:
    """The number of an exception to the doctor's week, in seven days."""
    begins, day = _in_days(7, starts), _in_days(7, starts).date()
    from_minute, until_minute = int(starts[:2]) * 60, int(ends[:2]) * 60
    place = builders.a_location()
    wish = Wish(kind, place.zoneinfo, day, day, from_minute, until_minute, place)
    time_off.add(doctor, wish, doctor.user)
    return next(e.first.id for e in time_off.coming(doctor) if e.first.starts_at == begins)


def _signer() -> Signer:
    return Signer(str(current_app.secret_key))


def _feed_token(user: User) -> str:
    feeds.renew(user, seen=feeds.OFF)
    path = feeds.path_of(user, _signer()) or ""
    return path.removeprefix("/calendar/").removesuffix(".ics")


def _in_days(days: int, text: str):
    day = clock.today(builders.BERLIN) + timedelta(days)
    return builders.at(f"{day} {text}")


def _signed_in(user: User) -> str:
    return sessions.start(user, Device("A test", "127.0.0.1"))


def _session_id(user: User) -> str:
    return str(sessions.open_sessions(user)[0].id)
