"""Doctors: approved, published, hidden."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Doctor, MessageKind, OutboxMessage
from app.transaction import transactional
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_patient, booked, tomorrow_at
from tests.pages import Page
from tests.scheduling.conftest import queries


def a_candidate(office: Office, **fields: Any) -> str:
    """A doctor who has signed up; their reference."""
    with office.app.app_context():
        return a_doctor("Ada Berg", published=False, **fields).ref


def is_found(office: Office) -> bool:
    """Whether the public finds Ada Berg."""
    return "Ada Berg" in Page(office.app.test_client().get("/")).html


def press(office: Office, ref: str, change: str) -> Page:
    form = office.admin.get(f"/admin/doctors/{ref}/").form(f"/{change}/")
    if change == "approve" and not form.values["licence_number"]:
        form.values["licence_number"] = "B 12/34"
    return office.admin.submit(form)


def doctor(office: Office, ref: str) -> Doctor:
    with office.app.app_context():
        return db.session.scalars(select(Doctor).where(Doctor.ref == ref)).one()


def test_a_doctor_is_approved_told_and_then_published(office: Office) -> None:
    ref = a_candidate(office)
    assert "Ada Berg" in office.admin.get("/admin/doctors/").text
    page = press(office, ref, "approve")
    assert "is approved" in page.text
    assert doctor(office, ref).approved_at is not None
    assert not doctor(office, ref).is_published
    with office.app.app_context():
        wanted = select(OutboxMessage).where(OutboxMessage.kind == MessageKind.DOCTOR_APPROVED)
        assert len(db.session.scalars(wanted).all()) == 1
    assert not is_found(office)
    assert "is published" in press(office, ref, "publish").text
    assert doctor(office, ref).is_published
    assert [e.after for e in office.trail("doctor.published")] == [{"is_published": True}]
    assert office.trail("doctor.approved")[0].actor_id == office.admin_id


def test_the_licence_is_shown_before_approving(office: Office) -> None:
    ref = a_candidate(office)

    @transactional
    def give_licence() -> None:
        db.session.scalars(select(Doctor)).one().licence_number = "DE-4711"

    with office.app.app_context():
        give_licence()
    assert "DE-4711" in office.admin.get("/admin/doctors/?standing=waiting").text
    assert "DE-4711" in office.admin.get(f"/admin/doctors/{ref}/").text
    press(office, ref, "approve")
    assert (office.trail("doctor.approved")[0].after or {})["licence_number"] == "DE-4711"


def test_a_doctor_who_cannot_be_booked_is_not_published_and_the_page_says_why(
    office: Office,
) -> None:
    ref = a_candidate(office, hours=None, specialties=[], visit_types=[])
    page = press(office, ref, "approve")
    for missing in ("a specialty", "a visit type", "working hours"):
        assert missing in page.text
    values = {**page.form("/logout/").values, "version": "2"}
    refused = office.admin.post(f"/admin/doctors/{ref}/publish/", values)
    assert refused.status == 409
    assert "Missing: a specialty, a visit type, working hours." in refused.text
    assert not doctor(office, ref).is_published


def test_nobody_is_published_before_being_approved(office: Office) -> None:
    ref = a_candidate(office)
    page = office.admin.get(f"/admin/doctors/{ref}/")
    values = page.form("/approve/").values
    assert office.admin.post(f"/admin/doctors/{ref}/publish/", values).status == 409
    assert not doctor(office, ref).is_published


def test_hiding_says_what_is_booked_and_leaves_it(office: Office) -> None:
    with office.app.app_context():
        ada = a_doctor("Ada Berg")
        ref, visit_ref = ada.ref, booked(a_patient(), ada, tomorrow_at("10:00")).ref
    assert "The 1 open visit stays booked" in office.admin.get(f"/admin/doctors/{ref}/").text
    press(office, ref, "unpublish")
    assert not doctor(office, ref).is_published
    assert "Confirmed" in office.admin.get(f"/board/visit/{visit_ref}/").text
    assert "Ada Berg" in office.admin.get("/admin/doctors/?standing=hidden").text
    assert "Dr. Ada Berg" in office.admin.get(f"/board/?doctor={ref}").text


def test_an_old_page_changes_nothing(office: Office) -> None:
    ref = a_candidate(office)
    old = office.admin.get(f"/admin/doctors/{ref}/").form("/approve/")
    old.values["licence_number"] = "B 1"
    office.admin.submit(old)
    again = office.admin.submit(old)
    assert again.status == 409
    assert "changed by somebody else meanwhile" in again.text
    assert len(office.trail("doctor.approved")) == 1


def test_the_list_takes_as_many_queries_for_thirty_doctors_as_for_one(office: Office) -> None:
    def cost() -> int:
        with office.app.app_context(), queries() as seen:
            assert office.admin.get("/admin/doctors/?standing=published").status == 200
        return len(seen)

    with office.app.app_context():
        a_doctor()
    office.admin.get("/admin/doctors/")
    one = cost()
    with office.app.app_context():
        for _ in range(29):
            a_doctor()
    office.admin.get("/admin/doctors/")
    assert cost() == one
    assert "1 to 25 of 30 doctors" in office.admin.get("/admin/doctors/?standing=published").text


def test_a_doctor_who_does_not_exist_is_not_found(office: Office) -> None:
    assert office.admin.get("/admin/doctors/nobody/").status == 404


def test_a_licence_number_is_required_and_can_be_put_right(office: Office) -> None:
    ref = a_candidate(office)
    form = office.admin.get(f"/admin/doctors/{ref}/").form("/approve/")
    for number, complaint in (("", "Enter the number of the licence"), ("<b>", "Use letters")):
        page = office.admin.submit(form, licence_number=number)
        assert page.status == 422
        assert complaint in page.text
        assert page.form("/approve/").values["licence_number"] == number
    assert doctor(office, ref).approved_at is None
    office.admin.submit(form, licence_number=" B  12/34 ")
    assert doctor(office, ref).licence_number == "B 12/34"
    (event,) = office.trail("doctor.approved")
    assert event.before == {"approved_at": None, "licence_number": ""}


def test_doctors_are_found_by_name_and_licence_and_ordered(office: Office) -> None:
    with office.app.app_context():
        for name in ("Ada Berg", "Bela Brandt", "Cleo 100%"):
            a_doctor(name)

    @transactional
    def give_licence() -> None:
        db.session.scalars(select(Doctor).order_by(Doctor.id)).all()[0].licence_number = "DE-4711"

    with office.app.app_context():
        give_licence()

    def found(query: str) -> list[str]:
        text = office.admin.get(f"/admin/doctors/?standing=published&{query}").text
        names = ("Ada Berg", "Bela Brandt", "Cleo 100%")
        return sorted((name for name in names if name in text), key=text.index)

    assert found("q=br") == ["Bela Brandt"]
    assert found("q=4711") == ["Ada Berg"]
    assert found("q=100%25") == ["Cleo 100%"]
    assert found("sort=-name") == ["Cleo 100%", "Bela Brandt", "Ada Berg"]
    assert found("sort=-since") == ["Cleo 100%", "Bela Brandt", "Ada Berg"]
    assert found("sort=password_hash") == ["Ada Berg", "Bela Brandt", "Cleo 100%"]
    assert "No doctor fits" in office.admin.get("/admin/doctors/?q=nobody&standing=hidden").text


def test_an_admin_gets_from_a_doctor_to_all_that_the_doctor_can_change(office: Office) -> None:
    with office.app.app_context():
        waiting, public = a_doctor("Wanda", published=False).ref, a_doctor("Ada Berg").ref
    for ref, places in ((waiting, ("hours", "my-page")), (public, ("hours", "my-page", "week"))):
        links = re.findall(r'href="([^"]+)"', office.admin.get(f"/admin/doctors/{ref}/").html)
        for place in places:
            address = next(link for link in links if place in link)
            assert office.admin.get(address).status == 200
