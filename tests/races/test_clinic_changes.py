"""Several admins change the clinic at once, or while it is booked. Nothing is lost or left over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flask import Flask

from app import clock
from app.accounts import invitations
from app.accounts.invitations import Newcomer
from app.clock import tick_of
from app.directory import specialties
from app.directory.entries import InUse, NameTaken
from app.errors import ChangedMeanwhile, ClinicError
from app.extensions import db
from app.models import AuditEvent, Closure, Doctor, Location, Role, Specialty, User
from app.scheduling import closures, refusals
from app.scheduling.closures import Times
from app.scheduling.hits import Unanswered
from app.transaction import transactional
from tests.builders import BERLIN, a_doctor, a_specialty, a_user, tomorrow_at
from tests.races.people import Practice, admins, open_appointments, the
from tests.races.racing import allowed, race, refused

ROUNDS = 5


def test_of_many_who_make_one_specialty_exactly_one_does(clinic: Flask) -> None:
    def make(admin: int) -> int:
        return specialties.create("Cardiology", the(User, admin)).id

    results = race(clinic, [partial(make, admin) for admin in admins(clinic, 6)])
    assert len(allowed(results)) == 1
    assert len(refused(results, NameTaken)) == 5
    with clinic.app_context():
        assert db.session.query(AuditEvent).filter_by(action="specialty.created").count() == 1


def test_names_that_make_one_address_get_one_each(clinic: Flask) -> None:
    def make(admin: int, name: str) -> str:
        return specialties.create(name, the(User, admin)).slug

    names = ["Skin & hair", "Skin, hair", "Skin - hair", "Skin/hair"]
    people = admins(clinic, len(names))
    results = race(
        clinic, [partial(make, admin, name) for admin, name in zip(people, names, strict=True)]
    )
    assert sorted(results) == ["skin-hair", "skin-hair-2", "skin-hair-3", "skin-hair-4"]


def test_of_two_who_rename_one_specialty_the_second_is_told(clinic: Flask) -> None:
    people = admins(clinic, 2)
    with clinic.app_context():
        number = a_specialty().id

    def rename(admin: int) -> int:
        row = the(Specialty, number)
        specialties.rename(row, f"Field {admin}", the(User, admin), version=1)
        return admin

    results = race(clinic, [partial(rename, admin) for admin in people])
    assert len(refused(results, ChangedMeanwhile)) == 1
    with clinic.app_context():
        assert the(Specialty, number).name == f"Field {allowed(results)[0]}"


def test_a_specialty_that_is_taken_up_while_it_is_removed_is_there_or_gone_for_both(
    clinic: Flask,
) -> None:
    admin, practice = admins(clinic, 1)[0], Practice(clinic)

    @transactional
    def take_up(number: int) -> None:
        doctor = the(Doctor, practice.doctor_id)
        specialty = db.session.get(Specialty, number, with_for_update=True)
        if specialty is None:
            raise ClinicError("It is gone.")
        doctor.specialties.append(specialty)

    def remove(number: int) -> None:
        specialties.remove(the(Specialty, number), the(User, admin), version=1)

    for turn in range(ROUNDS):
        with clinic.app_context():
            number = a_specialty(f"Field {turn}").id
        taken, removed = race(clinic, [partial(take_up, number), partial(remove, number)])
        with clinic.app_context():
            is_there = db.session.get(Specialty, number) is not None
            has_it = number in {one.id for one in the(Doctor, practice.doctor_id).specialties}
        assert is_there is has_it is isinstance(removed, InUse)
        assert isinstance(taken, ClinicError) is not is_there


def test_a_closure_and_a_booking_never_pass_each_other_unseen(clinic: Flask) -> None:
    admin, practice = admins(clinic, 1)[0], Practice(clinic, patients=ROUNDS)
    tomorrow = clock.today(BERLIN) + timedelta(1)

    def close(day: Times) -> None:
        places = db.session.query(Location).all()
        closures.add(places, day, "A storm", the(User, admin))

    times_booked = times_closed = 0
    for turn, patient in enumerate(practice.patients):
        day = tomorrow + timedelta(turn)
        wanted = tick_of(tomorrow_at("10:30") + timedelta(turn))
        booked, closed = race(
            clinic,
            [partial(practice.book, patient, wanted), partial(close, Times(day, day))],
        )
        if isinstance(booked, ClinicError):
            assert isinstance(booked, refusals.NotBookable)
            times_closed += 1
        else:
            assert isinstance(closed, Unanswered)
            times_booked += 1
    with clinic.app_context():
        assert len(open_appointments()) == times_booked
        assert db.session.query(Closure).count() == times_closed


def test_of_many_doctors_who_invite_one_address_exactly_one_does(clinic: Flask) -> None:
    with clinic.app_context():
        a_user(Role.ADMIN)
        doctors = [a_doctor().user_id for _ in range(6)]

    def invite(doctor: int) -> int:
        newcomer = Newcomer("Ines Carvalho", "ines@example.org", Role.PATIENT)
        return invitations.create(newcomer, the(User, doctor)).id

    results = race(clinic, [partial(invite, doctor) for doctor in doctors])
    assert len(allowed(results)) == 1
    with clinic.app_context():
        assert db.session.query(User).filter_by(email="ines@example.org").count() == 1
