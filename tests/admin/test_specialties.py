"""Specialties: listed, made, renamed, and removed when nobody practises them."""

from __future__ import annotations

import pytest

from app.directory import specialties
from app.errors import NotAllowed
from app.extensions import db
from app.models import Role, Specialty, User
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_specialty, a_user
from tests.pages import HTMX, Page
from tests.scheduling.conftest import queries

LIST = "/admin/specialties/"


def a_new_one(office: Office, name: str, address: str = "/admin/specialties/new/") -> Page:
    return office.admin.submit(office.admin.get(address).form("/specialties/new/"), name=name)


def names(office: Office) -> list[str]:
    with office.app.app_context():
        return sorted(row.name for row in db.session.query(Specialty))


def test_a_specialty_is_made_listed_and_stands_in_the_trail(office: Office) -> None:
    done = a_new_one(office, "  Ear,  nose and throat ")
    assert "Ear, nose and throat is a specialty of this clinic now" in done.text
    assert "1 specialty" in done.text
    (event,) = office.trail("specialty.created")
    assert (event.before, event.after) == (None, {"name": "Ear, nose and throat"})
    assert event.actor_id == office.admin_id


def test_its_address_is_made_from_the_name_and_stays(office: Office) -> None:
    a_new_one(office, "Hals-, Nasen- und Ohrenärztliches")
    address = "/admin/specialties/hals-nasen-und-ohrenarztliches/"
    page = office.admin.get(address)
    done = office.admin.submit(page.form("ohrenarztliches/"), name="HNO")
    assert "The specialty is called HNO now" in done.text
    assert office.admin.get(address).status == 200
    (event,) = office.trail("specialty.changed")
    assert event.before == {"name": "Hals-, Nasen- und Ohrenärztliches"}
    assert event.after == {"name": "HNO"}


def test_two_names_that_make_one_address_get_two(office: Office) -> None:
    a_new_one(office, "Skin & hair")
    a_new_one(office, "Skin, hair")
    a_new_one(office, "耳")
    with office.app.app_context():
        slugs = {row.slug for row in db.session.query(Specialty)}
    assert slugs == {"skin-hair", "skin-hair-2", "specialty"}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter what the specialty is called"),
        ("---", "Enter what the specialty is called"),
        ("x" * 81, "Use at most 80 characters"),
        ("a\nb", "cannot hold line breaks"),
        ("CARDIOLOGY", "“Cardiology” exists already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_beside_the_field(
    office: Office, typed: str, sentence: str
) -> None:
    with office.app.app_context():
        a_specialty("Cardiology")
    page = a_new_one(office, typed)
    assert page.status == 422
    assert sentence in page.text
    assert page.html.count(sentence) == 2  # in the summary and at the field
    assert names(office) == ["Cardiology"]


def test_a_rename_to_a_name_that_is_taken_keeps_what_was_typed(office: Office) -> None:
    with office.app.app_context():
        a_specialty("Cardiology")
        a_specialty("Angiology")
    page = office.admin.get("/admin/specialties/angiology/")
    refused = office.admin.submit(page.form("/angiology/"), name="cardiology")
    assert refused.status == 422
    assert refused.form("/angiology/").values["name"] == "cardiology"
    assert names(office) == ["Angiology", "Cardiology"]


def test_one_may_change_only_the_capitals_of_a_name(office: Office) -> None:
    with office.app.app_context():
        a_specialty("cardiology")
    page = office.admin.get("/admin/specialties/cardiology/")
    office.admin.submit(page.form("/cardiology/"), name="Cardiology")
    assert names(office) == ["Cardiology"]


def test_the_second_of_two_admins_sees_the_first_ones_name_beside_the_own(office: Office) -> None:
    with office.app.app_context():
        a_specialty("Cardiology")
        other = office.visitor(a_user(Role.ADMIN, "Bruno Costa").id)
    mine = office.admin.get("/admin/specialties/cardiology/").form("/cardiology/")
    theirs = other.get("/admin/specialties/cardiology/").form("/cardiology/")
    other.submit(theirs, name="Heart medicine")
    met = office.admin.submit(mine, name="Heart and vessels")
    assert met.status == 409
    assert "Bruno Costa has changed this meanwhile" in met.text
    assert "Heart medicine Heart and vessels" in met.text
    assert names(office) == ["Heart medicine"]
    form = met.form("/cardiology/")
    assert form.values["name"] == "Heart and vessels"
    assert "is called Heart and vessels now" in office.admin.submit(form).text


def test_a_specialty_that_a_doctor_practises_is_not_removed_and_says_by_whom(
    office: Office,
) -> None:
    with office.app.app_context():
        kept = a_specialty("Cardiology")
        a_doctor("Ada Berg", specialties=[kept])
        a_doctor("Bea Cruz", specialties=[kept], published=False)
    page = office.admin.get("/admin/specialties/cardiology/")
    assert "Dr. Ada Berg" in page.text
    assert not any(form.action.endswith("/remove/") for form in page.forms)
    values = {"version": "1", "csrf_token": page.form("/cardiology/").values["csrf_token"]}
    refused = office.admin.post("/admin/specialties/cardiology/remove/", values)
    assert refused.status == 409
    assert "Dr. Ada Berg and Dr. Bea Cruz would be left without it" in refused.text
    assert names(office) == ["Cardiology"]


def test_a_specialty_that_nobody_practises_is_removed_after_it_is_said(office: Office) -> None:
    with office.app.app_context():
        a_specialty("Cardiology")
    page = office.admin.get("/admin/specialties/cardiology/")
    assert "You can take this back afterwards" in page.text
    done = office.admin.submit(page.form("/remove/"))
    assert "Cardiology is removed" in done.text
    assert "No specialties yet" in done.text
    (event,) = office.trail("specialty.removed")
    assert event.before == {"name": "Cardiology", "slug": "cardiology", "version": 1}
    gone = office.admin.submit(page.form("/cardiology/"), name="Late")
    assert gone.status == 404


def test_what_was_renamed_meanwhile_is_not_removed(office: Office) -> None:
    with office.app.app_context():
        a_specialty("Cardiology")
    page = office.admin.get("/admin/specialties/cardiology/")
    office.admin.submit(page.form("/cardiology/"), name="Heart medicine")
    refused = office.admin.submit(page.form("/remove/"))
    assert refused.status == 409
    assert names(office) == ["Heart medicine"]


def test_the_list_is_searched_ordered_and_paged_by_its_address(office: Office) -> None:
    with office.app.app_context():
        for number in range(30):
            a_specialty(f"Field {number:02}")
        a_doctor("Ada Berg", specialties=[a_specialty("100 % sure")])
    first = office.admin.get(f"{LIST}?q=field&sort=-name")
    assert "1 to 25 of 30 specialties" in first.text
    assert first.text.index("Field 29") < first.text.index("Field 28")
    assert "q=field&amp;sort=-name&amp;page=2" in first.html
    assert "Field 04" in office.admin.get(f"{LIST}?q=field&sort=-name&page=2").text
    assert "1 specialty" in office.admin.get(f"{LIST}?q=%25").text
    assert "No specialty fits" in office.admin.get(f"{LIST}?q=_").text
    odd = office.admin.get(f"{LIST}?sort=slug;drop")
    assert odd.text.index("Field 00") < odd.text.index("Field 01")
    assert office.admin.get(LIST, **HTMX).html.lstrip().startswith('<div id="specialties"')


def test_the_list_takes_as_many_queries_for_many_as_for_few(office: Office) -> None:
    def cost() -> int:
        with office.app.app_context(), queries() as seen:
            assert office.admin.get(LIST).status == 200
        return len(seen)

    with office.app.app_context():
        a_doctor("Ada Berg")
    office.admin.get(LIST)  # the settings are read once for each change of the clinic
    few = cost()
    with office.app.app_context():
        for number in range(40):
            a_specialty(f"Field {number:02}")
    office.admin.get(LIST)
    assert cost() == few


def test_who_came_from_elsewhere_is_sent_back_there_and_nowhere_else(office: Office) -> None:
    form = office.admin.get("/admin/specialties/new/?next=/admin/users/").form("/new/")
    assert office.admin.submit(form, follow=False, name="One").location == "/admin/users/"
    form = office.admin.get("/admin/specialties/new/?next=//evil.example").form("/new/")
    assert office.admin.submit(form, follow=False, name="Two").location == LIST


def test_only_an_active_admin_changes_specialties(office: Office) -> None:
    with office.app.app_context():
        was_admin = a_user(Role.ADMIN, "Bruno Costa")
        db.session.get_one(User, was_admin.id).is_active = False
        db.session.commit()
        with pytest.raises(NotAllowed):
            specialties.create("Cardiology", was_admin)
    assert names(office) == []
