"""What a doctor is told of an admin's answer to the page they wished for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.directory import profiles
from app.errors import ChangedMeanwhile
from app.models import Doctor, Role, User
from tests.builders import a_doctor, a_user, a_visit_type
from tests.messaging.conftest import BASE_URL, Letters, outbox


@pytest.fixture
def doctor(clinic) -> Doctor:
    doctor = a_doctor("Ada Berg", visit_types=[a_visit_type("Check-up")])
    ask(doctor, "Twenty years of hearts.")
    return doctor


@pytest.fixture
def admin(doctor: Doctor) -> User:
    return a_user(Role.ADMIN, "Ana Sousa")


def ask(doctor: Doctor, about: str) -> None:
    draft = profiles.draft_of(doctor)
    wanted = replace(draft.wanted, about=about)
    profiles.save(doctor, wanted, doctor.user, version=draft.version)


def let_through(doctor: Doctor, admin: User) -> None:
    profiles.let_through(doctor, admin, version=profiles.draft_of(doctor).version)


def decline(doctor: Doctor, admin: User, reason: str = "Please leave out the prices.") -> None:
    profiles.decline(doctor, admin, reason, version=profiles.draft_of(doctor).version)


def test_what_is_let_through_is_told_with_the_way_to_the_page(
    doctor: Doctor, admin: User, letters: Letters
) -> None:
    let_through(doctor, admin)
    assert letters.run() == 1
    assert letters.sent[0]["To"] == doctor.user.email
    assert letters.sent[0]["Subject"].startswith("Your page at ")
    assert "This is what patients see from now on." in letters.last_text
    assert f"{BASE_URL}/doctors/{doctor.ref}/" in letters.last_text


def test_a_doctor_whom_patients_do_not_see_is_not_told_that_they_do(
    clinic, letters: Letters
) -> None:
    hidden = a_doctor("Bo Ek", published=False)
    ask(hidden, "New here.")
    let_through(hidden, a_user(Role.ADMIN))
    letters.run()
    assert "once the clinic shows your page" in letters.last_text
    assert f"{BASE_URL}/my-page/" in letters.last_text


@pytest.mark.parametrize("reason", ["Please leave out the prices.", ""])
def test_what_is_refused_is_told_with_the_reason_where_there_is_one(
    doctor: Doctor, admin: User, letters: Letters, reason: str
) -> None:
    decline(doctor, admin, reason)
    assert letters.run() == 1
    assert "Your changes were not let through" in letters.last_text
    assert (f"Reason: {reason}" in letters.last_text) is bool(reason)
    assert ("Reason" in letters.last_text) is bool(reason)
    assert f"{BASE_URL}/my-page/" in letters.last_text


def test_each_answer_is_told_once(doctor: Doctor, admin: User, letters: Letters, clinic) -> None:
    decline(doctor, admin)
    letters.run()
    for about in ("Without prices.", "Without anything."):
        clinic.advance(minutes=5)
        ask(doctor, about)
        decline(doctor, admin, "Still no.")
        letters.run()
    ask(doctor, "Hearts.")
    let_through(doctor, admin)
    letters.run()
    assert [message.kind.value for message in outbox()] == [*["page_refused"] * 3, "page_published"]
    assert len(letters.sent) == 4


@pytest.mark.parametrize("then", ["withdraws", "asks again"])
def test_a_refusal_that_the_doctor_has_seen_and_acted_on_dissolves(
    doctor: Doctor, admin: User, letters: Letters, then: str
) -> None:
    decline(doctor, admin)
    if then == "withdraws":
        profiles.withdraw(doctor, doctor.user, version=profiles.draft_of(doctor).version)
    else:
        ask(doctor, "Without prices.")
    assert letters.run() == 0
    assert [message.state.value for message in outbox()] == ["dissolved"]


def test_an_admins_own_edit_and_a_refused_answer_tell_nothing(doctor: Doctor, admin: User) -> None:
    draft = profiles.draft_of(doctor)
    profiles.save(doctor, replace(draft.published, title="Prof."), admin, version=draft.version)
    with pytest.raises(ChangedMeanwhile):
        profiles.let_through(doctor, admin, version=draft.version)
    assert outbox() == []
