"""The schedule's revision rises with all that openings are made of, so memory stays exact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.clinic import revision, settings
from app.directory import catalogue
from app.extensions import db
from app.models import (
    Closure,
    Doctor,
    DoctorLanguage,
    HoursException,
    HoursExceptionKind,
    WorkingHours,
)
from app.scheduling import openings
from app.transaction import transactional
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_visit_type,
    at,
    booked,
    policy,
    works,
)


@pytest.fixture
def doctor(clinic):
    return a_doctor("Ada Bauer", hours="09:00-10:00")


def change_hours(doctor: Doctor) -> None:
    row = db.session.scalars(select(WorkingHours)).first()
    assert row is not None
    row.ends_minute = 720


def delete_hours(doctor: Doctor) -> None:
    db.session.delete(db.session.scalars(select(WorkingHours)).first())


def add_time_off(doctor: Doctor) -> None:
    begins = clock.now()
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=begins,
            ends_at=begins + timedelta(1),
        )
    )


def add_closure(doctor: Doctor) -> None:
    begins, ends = clock.now(), clock.now() + timedelta(1)
    db.session.add(
        Closure(location_id=a_location().id, starts_at=begins, ends_at=ends, reason="Ice")
    )


def set_(path: str, value: object) -> Callable[[Doctor], None]:
    """A change of one attribute, named by its path from the doctor."""
    *way, last = path.split(".")

    def change(doctor: Doctor) -> None:
        row: object = doctor
        for step in way:
            row = row[int(step)] if step.isdigit() else getattr(row, step)  # type: ignore[index]
        setattr(row, last, value)

    change.__name__ = path
    return change


CHANGES = [
    lambda doctor: works(doctor, a_location(), 1, "11:00-12:00"),
    change_hours,
    delete_hours,
    add_time_off,
    add_closure,
    set_("is_published", False),
    set_("approved_at", None),
    set_("about", "New"),
    set_("title", "Prof."),
    set_("user.name", "Ada Berg"),
    set_("user.is_active", False),
    set_("visit_types.0.minutes", 45),
    set_("visit_types.0.is_active", False),
    set_("specialties.0.name", "Hearts"),
    lambda doctor: doctor.visit_types.append(a_visit_type()),
    lambda doctor: doctor.visit_types.clear(),
    lambda doctor: doctor.specialties.append(a_specialty("Nerves")),
    lambda doctor: doctor.spoken.append(DoctorLanguage(language="pt")),
    lambda doctor: db.session.delete(doctor.spoken[0]),
    lambda doctor: setattr(a_location(), "zone", "Europe/Lisbon"),
    lambda doctor: setattr(a_location(), "name", "Side Street"),
    lambda doctor: policy(horizon_days=10),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_what_openings_are_made_of_raises_the_revision(doctor, change):
    before = revision.current()
    transactional(change)(doctor)
    assert revision.current() > before


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_after_a_change_the_memory_is_what_the_database_says(doctor, change):
    catalogue.current(), settings.current()
    transactional(change)(doctor)
    remembered = repr((catalogue.current(), settings.current()))
    revision.forget()
    assert repr((catalogue.current(), settings.current())) == remembered


def test_a_booking_leaves_the_revision(doctor):
    patient = a_patient()
    before = revision.current()
    booked(patient, doctor, at("2026-11-25 09:00"))
    assert revision.current() == before


def test_a_patient_leaves_the_revision(doctor):
    before = revision.current()
    a_patient()
    assert revision.current() == before


def test_the_change_itself_sees_what_it_has_changed(doctor):
    seen = []

    @transactional
    def rename() -> None:
        catalogue.current()
        doctor.title = "Prof."
        db.session.flush()
        seen.append(catalogue.current().doctors[0].name)

    rename()
    assert seen == ["Prof. Ada Bauer"]


def test_a_change_rolled_back_is_not_remembered(doctor):
    @transactional
    def rename_in_vain() -> None:
        doctor.title = "Prof."
        db.session.flush()
        catalogue.current()
        raise KeyError

    with pytest.raises(KeyError):
        rename_in_vain()
    assert catalogue.current().doctors[0].name == "Dr. Ada Bauer"


def test_the_next_change_after_one_rolled_back_is_remembered_as_it_is(doctor):
    @transactional
    def rename(title: str, *, in_vain: bool) -> None:
        doctor.title = title
        db.session.flush()
        catalogue.current()
        if in_vain:
            raise KeyError

    with pytest.raises(KeyError):
        rename("Prof.", in_vain=True)
    rename("Mx.", in_vain=False)
    assert catalogue.current().doctors[0].name == "Mx. Ada Bauer"


def test_the_revision_stands_still_after_a_change_rolled_back(doctor):
    before = revision.current()

    @transactional
    def in_vain() -> None:
        doctor.title = "Prof."
        db.session.flush()
        raise KeyError

    with pytest.raises(KeyError):
        in_vain()
    assert revision.current() == before


def test_bulk_statements_say_so_themselves(doctor):
    before = revision.current()
    transactional(revision.bump)()
    assert revision.current() == before + 1


def test_new_hours_are_open_at_once(doctor):
    facts = openings.desk().catalogue.by_id[doctor.id]
    day = at("2026-11-25 00:00").date() + timedelta(1)
    openings.of_day(openings.desk(), [facts], facts.visit_types[0], day)
    works(doctor, a_location(), 3, "18:00-18:30")
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = openings.of_day(desk, [facts], facts.visit_types[0], day)
    assert f"{found[-1].local:%H:%M}" == "18:00"


def test_settings_come_back_as_they_were_stored(clinic):
    policy(name="Lindenhof", hold_minutes=7)
    stored = settings.current()
    assert (stored.name, stored.hold) == ("Lindenhof", timedelta(minutes=7))


def test_the_time_of_the_desk_is_the_databases(clinic):
    assert revision.current_with_time() == (revision.current(), clock.now())
