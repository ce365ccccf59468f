"""Many who press “Undo” at once bring back one; and nobody gets a name that another has taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from app.clinic.removals import Irretrievable
from app.directory import locations, specialties, visit_types
from app.directory.entries import NameTaken
from app.extensions import db
from app.models import AuditEvent, Closure, Location, Specialty, User, VisitType
from app.scheduling import closures
from tests.builders import a_closure, a_location, a_specialty, a_visit_type, tomorrow_at
from tests.races.people import admins, the
from tests.races.racing import allowed, race, refused

MANY = 6
KINDS: dict[str, tuple[type[Any], Callable[[], Any], Any]] = {
    "specialty": (Specialty, a_specialty, specialties),
    "location": (Location, lambda: a_location("Harbour Street"), locations),
    "visit_type": (VisitType, a_visit_type, visit_types),
    "closure": (
        Closure,
        lambda: a_closure(a_location(), tomorrow_at("09:00"), tomorrow_at("12:00")),
        closures,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_who_take_one_removal_back_exactly_one_does(clinic: Flask, kind: str) -> None:
    model, make, module = KINDS[kind]
    people = admins(clinic, MANY)
    with clinic.app_context():
        before = db.session.query(model).count()
        row = make()
        version = closures.version_of(row) if model is Closure else row.version
        number = module.remove(row, the(User, people[0]), version=version)

    def undo(admin: int) -> Any:
        module.restore(number, the(User, admin))

    results = race(clinic, [partial(undo, admin) for admin in people])
    assert len(allowed(results)) == 1
    assert len(refused(results, Irretrievable)) == MANY - 1
    with clinic.app_context():
        assert db.session.query(model).count() == before + 1
        assert db.session.query(AuditEvent).filter_by(action=f"{kind}.restored").count() == 1


def test_a_name_is_taken_back_or_given_anew_and_never_twice(clinic: Flask) -> None:
    people = admins(clinic, 2)
    with clinic.app_context():
        number = specialties.remove(a_specialty("Phrenology"), the(User, people[0]), version=1)
    acts = [
        lambda: specialties.restore(number, the(User, people[0])).name,
        lambda: specialties.create("Phrenology", the(User, people[1])).name,
    ]
    results = race(clinic, acts)
    assert len(allowed(results)) == 1
    assert len(refused(results, Irretrievable)) + len(refused(results, NameTaken)) == 1
    with clinic.app_context():
        assert db.session.query(Specialty).filter_by(name="Phrenology").count() == 1
