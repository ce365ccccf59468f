"""Removals of specialties, locations, visit types and closures, taken back by one button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.directory import locations, specialties, visit_types
from app.errors import NotAllowed
from app.extensions import db
from app.models import (
    Appointment,
    AppointmentStatus,
    Closure,
    Location,
    Role,
    Specialty,
    User,
    VisitMode,
    VisitType,
)
from tests.admin.conftest import Office
from tests.builders import (
    a_closure,
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_user,
    a_visit_type,
    at,
    booked,
)
from tests.pages import Form, Page


@dataclass(frozen=True)
class Kind:
    """One kind of thing that admins keep, and how one of it is made, read and named."""

    word: str
    folder: str
    model: type[Any]
    module: Any
    make: Any

    @property
    def list(self) -> str:
        return f"/admin/{self.folder}/"


KINDS = [
    Kind("specialty", "specialties", Specialty, specialties, a_specialty),
    Kind("location", "locations", Location, locations, a_location),
    Kind("visit_type", "visit-types", VisitType, visit_types, a_visit_type),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)


def made(office: Office, kind: Kind, name: str = "Harbour") -> str:
    """The address of one that nobody uses."""
    with office.app.app_context():
        row = kind.make(name)
        return f"{kind.list}{row.ref if kind.word == 'visit_type' else row.slug}/"


def removed(office: Office, address: str) -> Page:
    return office.admin.submit(office.admin.get(address).form("/remove/"))


def undo(page: Page) -> Form:
    return page.form("/restore/")


def rows(office: Office, kind: Kind) -> list[Any]:
    with office.app.app_context():
        return list(db.session.query(kind.model).order_by(kind.model.id))


def a_number(office: Office, action: str) -> int:
    return office.trail(action)[-1].id


@each_kind
def test_what_was_removed_comes_back_at_its_address_by_one_button(
    office: Office, kind: Kind
) -> None:
    address = made(office, kind)
    (before,) = rows(office, kind)
    gone = removed(office, address)
    assert "Harbour is removed." in gone.text
    assert rows(office, kind) == []
    back = office.admin.submit(undo(gone))
    assert "Harbour is back." in back.text
    assert not any(form.action.endswith("/restore/") for form in back.forms)
    assert office.admin.get(address).status == 200
    (after,) = rows(office, kind)
    for column in kind.model.__table__.columns:
        if column.key != "version":
            assert getattr(after, column.key) == getattr(before, column.key), column.key
    assert after.version > before.version  # a form made before the removal is refused
    (event,) = office.trail(f"{kind.word}.restored")
    assert (event.actor_id, event.object_id, event.object_name) == (
        office.admin_id,
        after.id,
        "Harbour",
    )


@each_kind
def test_a_second_undo_is_refused_in_words_and_makes_no_second_one(
    office: Office, kind: Kind
) -> None:
    gone = removed(office, made(office, kind))
    office.admin.submit(undo(gone))
    again = office.admin.submit(undo(gone))
    assert again.status == 409
    assert "This was brought back already." in again.text
    assert len(rows(office, kind)) == 1


@each_kind
def test_what_was_renamed_after_it_came_back_is_not_brought_back_twice(
    office: Office, kind: Kind
) -> None:
    address = made(office, kind)
    gone = removed(office, address)
    office.admin.submit(undo(gone))
    office.admin.submit(office.admin.get(address).form(address), name="Station")
    assert office.admin.submit(undo(gone)).status == 409
    assert [row.name for row in rows(office, kind)] == ["Station"]


@each_kind
def test_a_removal_after_a_return_has_an_undo_of_its_own(office: Office, kind: Kind) -> None:
    address = made(office, kind)
    first = removed(office, address)
    office.admin.submit(undo(first))
    second = removed(office, address)
    assert office.admin.submit(undo(first)).status == 409
    assert "Harbour is back." in office.admin.submit(undo(second)).text


@each_kind
def test_nothing_comes_back_under_a_name_that_another_has_taken(office: Office, kind: Kind) -> None:
    gone = removed(office, made(office, kind))
    made(office, kind, "HARBOUR")
    refused = office.admin.submit(undo(gone))
    assert refused.status == 409
    assert "another has this name now" in refused.text
    assert [row.name for row in rows(office, kind)] == ["HARBOUR"]


@each_kind
def test_it_comes_back_beside_others_that_were_made_meanwhile(office: Office, kind: Kind) -> None:
    gone = removed(office, made(office, kind))
    made(office, kind, "Station")
    office.admin.submit(undo(gone))
    assert {row.name for row in rows(office, kind)} == {"Harbour", "Station"}


@pytest.mark.parametrize("kind", KINDS[:2], ids=lambda kind: kind.word)
def test_an_address_that_another_has_now_is_given_a_number(office: Office, kind: Kind) -> None:
    gone = removed(office, made(office, kind, "Harbour & sea"))
    with office.app.app_context():
        kind.make("Harbour & sea").name = "Another"
        db.session.commit()
    office.admin.submit(undo(gone))
    assert {row.name for row in rows(office, kind)} == {"Harbour & sea", "Another"}
    assert len({row.slug for row in rows(office, kind)}) == 2


@each_kind
@pytest.mark.parametrize("number", ["0", "-1", "x", "999999999", "99999999999999", "１"])
def test_a_removal_that_there_was_not_is_not_found(office: Office, kind: Kind, number: str) -> None:
    assert f"{kind.word}.restored" not in office.admin.get(f"{kind.list}?removed={number}").text
    form = undo(removed(office, made(office, kind)))
    form.action = f"{kind.list}{number}/restore/"
    assert office.admin.submit(form).status == 404
    assert rows(office, kind) == []


@each_kind
def test_an_event_of_another_kind_brings_nothing_back(office: Office, kind: Kind) -> None:
    other = KINDS[KINDS.index(kind) - 1]
    form = undo(removed(office, made(office, other)))
    form.action = f"{kind.list}{a_number(office, f'{other.word}.removed')}/restore/"
    assert office.admin.submit(form).status == 404
    office.admin.submit(undo(removed(office, made(office, kind))))
    form.action = f"{kind.list}{a_number(office, f'{kind.word}.restored')}/restore/"
    assert office.admin.submit(form).status == 404
    assert len(rows(office, kind)) == 1


@each_kind
def test_only_an_active_admin_takes_a_removal_back(office: Office, kind: Kind) -> None:
    removed(office, made(office, kind))
    number = a_number(office, f"{kind.word}.removed")
    with office.app.app_context():
        was_admin = a_user(Role.ADMIN, "Bruno Costa")
        db.session.get_one(User, was_admin.id).is_active = False
        db.session.commit()
        for actor in (was_admin, a_patient().user, a_doctor().user):
            with pytest.raises(NotAllowed):
                kind.module.restore(number, actor)
    assert "Harbour" not in {row.name for row in rows(office, kind)}


def test_a_visit_type_comes_back_with_all_its_terms(office: Office) -> None:
    with office.app.app_context():
        terms: dict[str, Any] = {"mode": VisitMode.ONLINE, "price_cents": 4200, "is_active": False}
        kind = a_visit_type("Long talk", **terms, own_reminders=[48, 2])
        address = f"/admin/visit-types/{kind.ref}/"
    office.admin.submit(undo(removed(office, address)))
    (back,) = rows(office, KINDS[2])
    assert (back.mode, back.price_cents, back.is_active) == (VisitMode.ONLINE, 4200, False)
    assert back.own_reminders == [48, 2]


def test_a_location_comes_back_with_its_closures(office: Office) -> None:
    address = made(office, KINDS[1])
    with office.app.app_context():
        place = a_location("Harbour")
        a_closure(place, at("2026-12-01 00:00"), at("2026-12-02 00:00"), "Works on the roof")
        a_closure(place, at("2026-11-01 00:00"), at("2026-11-02 00:00"))
    gone = removed(office, address)
    assert closed(office) == []
    office.admin.submit(undo(gone))
    assert [(one.starts_at, one.reason) for one in closed(office)] == [
        (at("2026-11-01 00:00"), "A storm"),
        (at("2026-12-01 00:00"), "Works on the roof"),
    ]


def test_the_trail_says_what_came_back_and_no_words_of_the_program(office: Office) -> None:
    office.admin.submit(undo(removed(office, made(office, KINDS[1]))))
    text = office.admin.get("/admin/audit/?kind=location").text
    assert "Location: restored" in text
    assert "Location: removed" in text
    for word in ("Slug", "Version", "Removal"):
        assert word not in text


CLOSURES = "/admin/closures/"


def closed(office: Office) -> list[Closure]:
    with office.app.app_context():
        return db.session.query(Closure).order_by(Closure.starts_at).all()


def a_deleted_closure(office: Office) -> Page:
    """The list after a closed first of December was opened again."""
    with office.app.app_context():
        times = at("2026-12-01 00:00"), at("2026-12-02 00:00")
        number = a_closure(a_location(), *times, "Works on the roof").id
    return removed(office, f"{CLOSURES}{number}/")


def test_a_deleted_closure_comes_back_by_one_button(office: Office) -> None:
    gone = a_deleted_closure(office)
    assert "Main Street Practice can be booked at that time again." in gone.text
    back = office.admin.submit(undo(gone))
    assert "The closure is back." in back.text
    (closure,) = closed(office)
    assert (closure.starts_at, closure.ends_at, closure.reason) == (
        at("2026-12-01 00:00"),
        at("2026-12-02 00:00"),
        "Works on the roof",
    )
    assert len(office.trail("closure.restored")) == 1
    again = office.admin.submit(undo(gone))
    assert again.status == 409
    assert "was brought back already" in again.text
    assert len(closed(office)) == 1


def test_a_closure_that_comes_back_asks_about_what_was_booked_meanwhile(office: Office) -> None:
    gone = a_deleted_closure(office)
    with office.app.app_context():
        number = booked(a_patient("Ines Carvalho"), a_doctor(), at("2026-12-01 10:00")).id
    asked = office.admin.submit(undo(gone))
    assert asked.status == 409
    assert "This hits one appointment" in asked.text
    assert "Tuesday 1 December, 10:00 Ines Carvalho" in asked.text
    assert closed(office) == []
    silent = office.admin.submit(undo(asked), hits_choice="cancel")
    assert "Write a message; the patients read it." in silent.text
    assert closed(office) == []
    answer: dict[str, Any] = {"hits_choice": "cancel", "hits_reason": "Closed after all."}
    back = office.admin.submit(undo(silent), **answer)
    assert "The closure is back. One appointment is cancelled" in back.text
    assert len(closed(office)) == 1
    with office.app.app_context():
        visit = db.session.get_one(Appointment, number)
        assert visit.status is AppointmentStatus.CANCELLED
        assert visit.cancel_reason == "Closed after all."


def test_a_closure_whose_time_is_over_does_not_come_back(office: Office) -> None:
    form = undo(a_deleted_closure(office))
    office.clock.move_to(at("2026-12-05 08:00"))
    office.admin.sign_in(office.admin_id)
    form.values["csrf_token"] = office.admin.get(CLOSURES).form("/logout/").values["csrf_token"]
    late = office.admin.submit(form)
    assert late.status == 409
    assert "The time of this closure is over" in late.text
    assert closed(office) == []


def test_a_closure_of_a_place_that_is_gone_does_not_come_back(office: Office) -> None:
    form = undo(a_deleted_closure(office))
    removed(office, "/admin/locations/main-street-practice/")
    refused = office.admin.submit(form)
    assert refused.status == 409
    assert "No location is called Main Street Practice any more" in refused.text


@pytest.mark.parametrize("number", ["0", "x", "999999999", "99999999999999"])
def test_a_closure_that_was_not_deleted_is_not_brought_back(office: Office, number: str) -> None:
    form = undo(a_deleted_closure(office))
    form.action = f"{CLOSURES}{number}/restore/"
    assert office.admin.submit(form).status == 404
    removed(office, made(office, KINDS[0]))
    form.action = f"{CLOSURES}{a_number(office, 'specialty.removed')}/restore/"
    assert office.admin.submit(form).status == 404
    assert closed(office) == []
