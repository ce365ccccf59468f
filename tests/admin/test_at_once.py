"""Two admins at the same thing in the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from app.directory import locations, specialties, visit_types
from app.errors import NotFound
from app.extensions import db
from app.models import Closure, User
from app.scheduling import closures
from app.transaction import rows_changed, transactional
from tests.admin.conftest import Office
from tests.builders import a_closure, a_location, a_specialty, a_visit_type, at

Kind = tuple[Callable[[], Any], Callable[..., object]]
KINDS: dict[str, Kind] = {
    "specialty": (a_specialty, specialties.remove),
    "location": (a_location, locations.remove),
    "visit type": (a_visit_type, visit_types.remove),
    "closure": (
        lambda: a_closure(a_location(), at("2026-12-24 00:00"), at("2026-12-25 00:00")),
        closures.remove,
    ),
}


@transactional
def removed_by_another(thing: Any) -> None:
    rows_changed(delete(type(thing)).where(type(thing).id == thing.id))


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_admin_removed_between_look_and_lock_is_not_found(
    office: Office, kind: str
) -> None:
    make, remove = KINDS[kind]
    with office.app.app_context():
        admin, thing = db.session.get_one(User, office.admin_id), make()
        version = closures.version_of(thing) if kind == "closure" else thing.version
        removed_by_another(thing)
        with pytest.raises(NotFound):
            remove(thing, admin, version=version)


def test_a_form_that_is_sent_twice_closes_once(office: Office) -> None:
    with office.app.app_context():
        a_location()
    form = office.admin.get("/admin/closures/new/").form("/new/")
    for _ in range(2):
        done = office.admin.submit(form, first_day="2026-12-24", reason="Christmas Eve")
        assert "Main Street Practice will be closed." in done.text
    with office.app.app_context():
        assert db.session.query(Closure).count() == 1
    assert len(office.trail("closure.created")) == 1
