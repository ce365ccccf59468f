"""What a doctor wishes for is published when an admin lets it through, and not before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.directory import catalogue, profiles, specialties, visit_types
from app.directory.profile import Profile, Terms
from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.models import AuditEvent, Doctor, ProfileChange, Role, User
from tests.builders import a_doctor, a_specialty, a_user, a_visit_type, at, booked
from tests.builders import a_patient as patient


@pytest.fixture
def doctor(app: Flask, frozen_clock) -> Iterator[Doctor]:
    with app.app_context():
        yield a_doctor("Ada Berg", visit_types=[a_visit_type("Check-up", price_cents=4000)])


@pytest.fixture
def admin(doctor: Doctor) -> User:
    return a_user(Role.ADMIN, "Ana Sousa")


def ask(doctor: Doctor, actor: User | None = None, **changes: object) -> bool:
    draft = profiles.draft_of(doctor)
    wanted = replace(draft.wanted, **changes)  # type: ignore[arg-type]
    return profiles.save(doctor, wanted, actor or doctor.user, version=draft.version)


def version(doctor: Doctor) -> str:
    return profiles.draft_of(doctor).version


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def shown(doctor: Doctor):
    return catalogue.current().doctor(doctor.ref)


def all_of_it(doctor: Doctor) -> Profile:
    a_specialty("Dermatology")
    kinds = doctor.visit_types
    return Profile(
        title="Prof.",
        about="One.\n\nTwo.",
        portrait=f"{'a' * 48}.webp",
        languages=("de", "pt"),
        specialties=("dermatology",),
        visits={
            kinds[0].ref: Terms(45, 6000),
            a_visit_type("Call", minutes=15).ref: Terms(),
        },
    )


def test_what_a_doctor_saves_changes_nothing_that_the_public_sees(doctor):
    before = shown(doctor)
    wanted = all_of_it(doctor)
    assert profiles.save(doctor, wanted, doctor.user, version=version(doctor)) is False
    assert shown(doctor).about == before.about == ""
    assert [kind.minutes for kind in shown(doctor).visit_types] == [30]
    assert profiles.draft_of(doctor).wanted.state == wanted.state
    assert profiles.draft_of(doctor).is_waiting
    assert actions() == ["doctor.profile_asked"]


def test_what_an_admin_lets_through_is_what_the_public_sees(doctor, admin):
    wanted = all_of_it(doctor)
    profiles.save(doctor, wanted, doctor.user, version=version(doctor))
    profiles.let_through(doctor, admin, version=version(doctor))
    facts = shown(doctor)
    assert (facts.name, facts.about) == ("Prof. Ada Berg", "One.\n\nTwo.")
    assert facts.portrait == wanted.portrait
    assert facts.languages == ("de", "pt")
    assert [one.name for one in facts.specialties] == ["Dermatology"]
    assert [(kind.name, kind.minutes, kind.price_cents) for kind in facts.visit_types] == [
        ("Call", 15, 0),
        ("Check-up", 45, 6000),
    ]
    assert db.session.get(ProfileChange, doctor.id) is None
    assert profiles.draft_of(doctor).asked == {}
    event = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == profiles.APPROVED)
    ).one()
    assert event.after
    assert event.before
    assert event.after["visits"] == "Call; Check-up (45 min, 60.00 EUR)"
    assert event.before["title"] == "Dr."


def test_an_admins_own_edit_is_published_at_once(doctor, admin):
    assert ask(doctor, admin, about="By the clinic.") is True
    assert shown(doctor).about == "By the clinic."
    assert db.session.get(ProfileChange, doctor.id) is None
    assert actions() == ["doctor.profile_changed"]


def test_an_admins_edit_leaves_what_the_doctor_wished_for(doctor, admin):
    ask(doctor, about="By the doctor.")
    draft = profiles.draft_of(doctor)
    edited = replace(draft.published, title="Prof.")
    profiles.save(doctor, edited, admin, version=draft.version)
    profiles.let_through(doctor, admin, version=version(doctor))
    assert (shown(doctor).name, shown(doctor).about) == ("Prof. Ada Berg", "By the doctor.")


def test_a_declined_wish_is_kept_with_the_reason(doctor, admin):
    ask(doctor, about="The best of all.")
    profiles.decline(doctor, admin, "No praise, please.", version=version(doctor))
    draft = profiles.draft_of(doctor)
    assert (draft.declined, draft.wanted.about) == ("No praise, please.", "The best of all.")
    assert not draft.is_waiting
    assert profiles.waiting() == []
    assert shown(doctor).about == ""
    answer = profiles.last_answer(doctor)
    assert answer
    assert answer.reason == "No praise, please."
    with pytest.raises(ChangedMeanwhile):
        profiles.let_through(doctor, admin, version=draft.version)
    ask(doctor, about="A good one.")
    assert [one.id for one, _ in profiles.waiting()] == [doctor.id]


def test_wishing_for_what_is_there_wishes_for_nothing(doctor):
    ask(doctor, about="New.")
    assert ask(doctor, about="") is True
    assert db.session.get(ProfileChange, doctor.id) is None
    assert actions() == ["doctor.profile_asked", "doctor.profile_dropped"]


def test_a_wish_can_be_withdrawn(doctor):
    ask(doctor, about="New.")
    profiles.withdraw(doctor, doctor.user, version=version(doctor))
    assert profiles.draft_of(doctor).asked == {}


def test_saving_the_same_wish_twice_is_said_once(doctor):
    ask(doctor, about="New.")
    ask(doctor, about="New.")
    assert actions() == ["doctor.profile_asked"]


def test_an_admin_answers_what_they_have_seen(doctor, admin):
    ask(doctor, about="One.")
    seen = version(doctor)
    ask(doctor, about="Two.")
    with pytest.raises(ChangedMeanwhile):
        profiles.let_through(doctor, admin, version=seen)
    with pytest.raises(ChangedMeanwhile):
        profiles.decline(doctor, admin, "No.", version=seen)
    with pytest.raises(ChangedMeanwhile):
        profiles.save(doctor, profiles.draft_of(doctor).wanted, doctor.user, version=seen)
    assert shown(doctor).about == ""


def test_only_the_doctor_and_admins_may(doctor, admin):
    other = a_doctor("Bo Ek").user
    for stranger in (other, patient().user):
        with pytest.raises(NotAllowed):
            ask(doctor, stranger, about="Mine.")
    ask(doctor, about="New.")
    for stranger in (other, doctor.user):
        with pytest.raises(NotAllowed):
            profiles.let_through(doctor, stranger, version=version(doctor))
        with pytest.raises(NotAllowed):
            profiles.decline(doctor, stranger, "No.", version=version(doctor))
    admin.is_active = False
    db.session.commit()
    with pytest.raises(NotAllowed):
        profiles.let_through(doctor, admin, version=version(doctor))


def test_a_published_doctor_stays_findable(doctor, admin):
    wishes: list[dict[str, object]] = [{"specialties": ()}, {"visits": {}}]
    for gone in wishes:
        for actor in (doctor.user, admin):
            with pytest.raises(profiles.Unfindable):
                ask(doctor, actor, **gone)


@pytest.mark.parametrize("gone", ["specialty", "visit type"])
def test_a_wish_for_what_the_clinic_has_given_up_meanwhile_leaves_the_page(doctor, admin, gone):
    field, kind = a_specialty("Hypnosis"), a_visit_type("Séance")
    if gone == "specialty":
        ask(doctor, specialties=("hypnosis",))
        specialties.remove(field, admin, version=field.version)
    else:
        ask(doctor, visits={kind.ref: Terms()})
        visit_types.set_active(kind, False, admin, version=kind.version)
    with pytest.raises(profiles.Unfindable):
        profiles.let_through(doctor, admin, version=version(doctor))
    assert shown(doctor).specialties
    assert shown(doctor).visit_types


def test_a_doctor_who_waits_for_approval_goes_the_same_way(doctor, admin):
    newcomer = a_doctor("Cy Ode", published=False)
    assert ask(newcomer, about="Hello.", specialties=()) is False
    profiles.let_through(newcomer, admin, version=version(newcomer))
    assert (newcomer.about, newcomer.specialties, newcomer.approved_at) == ("Hello.", [], None)


def test_a_visit_type_that_is_switched_off_comes_back_on_the_old_terms(doctor, admin):
    kind, other = doctor.visit_types[0], a_visit_type("Call")
    ask(doctor, admin, visits={kind.ref: Terms(45, 6000), other.ref: Terms()})
    kind.is_active = False
    db.session.commit()
    ask(doctor, admin, visits={other.ref: Terms(10, None)})
    kind.is_active = True
    db.session.commit()
    assert profiles.draft_of(doctor).published.visits[kind.ref] == Terms(45, 6000)


def test_appointments_keep_what_was_agreed(doctor, admin):
    appointment = booked(patient(), doctor, at("2026-11-25 10:00"))
    before = (appointment.ends_at, appointment.price_cents, appointment.version)
    ask(doctor, admin, visits={doctor.visit_types[0].ref: Terms(60, 9000)})
    db.session.refresh(appointment)
    assert (appointment.ends_at, appointment.price_cents, appointment.version) == before
    later = booked(patient(), doctor, at("2026-11-25 11:00"))
    assert (later.minutes, later.price_cents) == (60, 9000)


def test_pictures_that_nobody_needs_are_deleted_after_a_day(doctor, admin, frozen_clock, tmp_path):
    shown, wished, forgotten, fresh = (f"{letter * 48}.webp" for letter in "abcd")
    for name in (shown, wished, forgotten, fresh, "half.webp.0123"):
        (tmp_path / name).write_bytes(b"a picture")
        stored = clock.now() - timedelta(hours=1 if name == fresh else 25)
        os.utime(tmp_path / name, (stored.timestamp(), stored.timestamp()))
    ask(doctor, admin, portrait=shown)
    ask(doctor, portrait=wished)
    assert profiles.sweep_portraits(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {shown, wished, fresh}
    profiles.withdraw(doctor, doctor.user, version=version(doctor))
    assert profiles.sweep_portraits(tmp_path) == 1
    assert profiles.sweep_portraits(tmp_path / "not there yet") == 0
