"""My page: what a doctor types is kept, what is refused is said beside its field, and nothing is
published before an admin has let it through."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from app.directory import profiles
from app.directory.profile import Profile, Terms
from app.extensions import db
from app.models import Doctor, Role
from tests.builders import a_doctor, a_portrait, a_user, a_visit_type
from tests.pages import ORIGIN, Page, Visitor

PAGE = "/my-page/"


@dataclass
class Desk:
    app: Flask
    ref: str
    kind: str
    doctor: Visitor
    admin: Visitor

    def draft(self) -> tuple[Profile, Profile, str]:
        """What is published, what is wished for, and the version of both."""
        with self.app.app_context():
            wanted = select(Doctor).where(Doctor.ref == self.ref)
            draft = profiles.draft_of(db.session.scalars(wanted).one())
            return draft.published, draft.wanted, draft.version

    def public(self) -> Page:
        return Visitor(self.app.test_client()).get(f"/doctors/{self.ref}/")

    def send(self, visitor: Visitor | None = None, to: str = "", **values: object) -> Page:
        """Send the form as it stands, with some of its values changed."""
        visitor = visitor or self.doctor
        whose = "" if visitor is self.doctor else f"?doctor={self.ref}"
        form = visitor.get(f"{PAGE}{whose}").form(f"{PAGE}{whose}")
        data: MultiDict[str, object] = MultiDict(form.values)
        data.setlist("languages", ["en"])
        data.setlist("specialties", ["cardiology"])
        for name, value in values.items():
            data.setlist(name, value if isinstance(value, list) else [value])
        edge, body = encode_multipart(data)
        kind = f"multipart/form-data; boundary={edge}"
        where = f"{PAGE}{to}{whose}"
        answer = visitor.client.post(where, data=body, content_type=kind, base_url=ORIGIN)
        return Page(answer)

    def preview(self, visitor: Visitor | None = None, **values: object) -> Page:
        """What the form shows when its button asks for a preview."""
        return self.send(visitor, to="preview/", **values)


@pytest.fixture
def desk(app: Flask, frozen_clock) -> Desk:
    with app.app_context():
        kind = a_visit_type("Check-up", price_cents=4000)
        doctor = a_doctor("Ada Berg", visit_types=[kind])
        ref, kind_ref, user_id = doctor.ref, kind.ref, doctor.user_id
        admin = Visitor(app.test_client(), a_user(Role.ADMIN, "Ana Sousa").id)
    return Desk(app, ref, kind_ref, Visitor(app.test_client(), user_id), admin)


def a_file(kind: str = "JPEG", size: tuple[int, int] = (800, 600), name: str = "me.jpg"):
    content = BytesIO()
    Image.new("RGB", size, "teal").save(content, kind)
    return FileStorage(BytesIO(content.getvalue()), name)


def test_what_is_saved_waits_and_the_public_page_stays(desk):
    page = desk.send(about="First.\r\n\r\n<b>Second</b>", title="Prof.")
    assert (page.status, page.location) == (303, PAGE)
    published, wanted, _ = desk.draft()
    assert (published.about, published.title) == ("", "Dr.")
    assert (wanted.about, wanted.title) == ("First.\n\n<b>Second</b>", "Prof.")
    assert "First." not in desk.public().text
    mine = desk.doctor.get(PAGE)
    assert "Changes wait for an admin" in mine.text
    assert "First." in mine.form(PAGE).values["about"]


def test_the_preview_shows_it_as_it_will_look(desk):
    desk.send(
        about="First.\r\n\r\n<b>Second</b>",
        **{f"minutes_{desk.kind}": "45", f"price_{desk.kind}": "60,00"},
    )
    preview = desk.doctor.get("/my-page/preview/")
    assert "&lt;b&gt;Second&lt;/b&gt;" in preview.html
    assert "45 min" in preview.text
    assert "€60.00" in preview.text
    assert "This is a preview" in preview.text
    assert "45 min" not in desk.public().text


def test_the_form_shows_what_is_typed_and_stores_nothing(desk):
    page = desk.preview(about="Only typed.", portrait=a_file(), **{f"price_{desk.kind}": "60"})
    assert page.status == 200
    assert "Only typed." in page.text
    assert "€60.00" in page.text
    assert "/portraits/" in page.html
    assert "Nothing is saved yet." in page.text
    published, wanted, _ = desk.draft()
    assert wanted == published
    assert "Only typed." not in desk.doctor.get(PAGE).html


def test_from_the_preview_one_goes_back_to_the_form_as_it_was_or_saves(desk):
    typed = {"about": "First.\r\n\r\nSecond.", "languages": ["en", "de"], "title": "Prof."}
    page = desk.preview(portrait=a_file(), **typed)
    form = page.form(PAGE)
    back = desk.doctor.client.post(
        f"{PAGE}preview/", data=values_of(page) | {"again": "yes"}, base_url=ORIGIN
    )
    again = Page(back)
    assert again.status == 200
    assert again.form(PAGE).values["about"].strip().splitlines() == ["First.", "", "Second."]
    assert again.form(PAGE).values["kept"] == form.values["kept"]
    assert again.form(PAGE).values["title"] == "Prof."
    assert desk.draft()[1] == desk.draft()[0]
    saved = desk.doctor.client.post(PAGE, data=values_of(page), base_url=ORIGIN)
    assert saved.status_code == 303
    wanted = desk.draft()[1]
    assert (wanted.about, wanted.title) == ("First.\n\nSecond.", "Prof.")
    assert (wanted.languages, wanted.portrait) == (("de", "en"), form.values["kept"])
    assert wanted.visits == {desk.kind: Terms()}


def test_what_cannot_be_shown_is_said_in_the_form(desk):
    page = desk.preview(about="Kept.", **{f"minutes_{desk.kind}": "7"})
    assert page.status == 422
    assert "in steps of 5" in page.text
    assert page.form(PAGE).values["about"].strip() == "Kept."


def test_an_admin_sees_a_preview_before_publishing(desk):
    page = desk.preview(desk.admin, about="By the clinic.")
    assert "By the clinic." in page.text
    assert "By the clinic." not in desk.public().text
    assert page.form(f"{PAGE}?doctor={desk.ref}").values["about"] == "By the clinic."


def values_of(page: Page) -> MultiDict[str, str]:
    """All that the preview's form sends, with what it sends several times."""
    form = page.html.split('<form class="actions"')[1].split("</form>")[0]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form, re.DOTALL)
    return MultiDict((name, html.unescape(value)) for name, value in pairs)


@pytest.mark.parametrize("price", ["60", "60.00", "60,00", " 60.00 "])
def test_own_length_and_price_are_read_as_they_are_typed(desk, price):
    desk.send(**{f"minutes_{desk.kind}": "45", f"price_{desk.kind}": price})
    assert desk.draft()[1].visits == {desk.kind: Terms(45, 6000)}


def test_an_empty_length_and_price_are_the_clinics(desk):
    desk.send(about="New.")
    assert desk.draft()[1].visits == {desk.kind: Terms()}


@pytest.mark.parametrize(
    ("field", "typed", "complaint"),
    [
        ("minutes_", "7", "in steps of 5"),
        ("minutes_", "485", "minutes from 5 to 480"),
        ("minutes_", "0", "minutes from 5 to 480"),
        ("minutes_", "٤٥", "minutes from 5 to 480"),
        ("price_", "-5", "enter a price like 60.00"),
        ("price_", "60.505", "enter a price like 60.00"),
        ("price_", "1e3", "enter a price like 60.00"),
        ("price_", "1234567", "enter a price like 60.00"),
        ("price_", "60,00,00", "enter a price like 60.00"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(desk, field, typed, complaint):
    page = desk.send(about="Kept.", **{f"{field}{desk.kind}": typed})
    assert page.status == 422
    assert complaint in page.text
    form = page.form(PAGE)
    assert form.values["about"].strip() == "Kept."
    assert form.values[f"{field}{desk.kind}"] == typed
    assert desk.draft()[1] == desk.draft()[0]


def test_a_doctor_speaks_a_language_and_a_published_one_has_a_specialty(desk):
    assert "Tick at least one language." in desk.send(languages=[]).text
    page = desk.send(specialties=[])
    assert page.status == 422
    assert "at least one specialty and one visit type" in page.text
    page = desk.send(**{f"offer_{desk.kind}": []})
    assert page.status == 422
    assert "at least one specialty and one visit type" in page.text


def test_a_picture_waits_too_and_can_be_removed(desk):
    assert desk.send(portrait=a_file()).status == 303
    published, wanted, _ = desk.draft()
    assert published.portrait is None
    assert wanted.portrait
    assert "/portraits/" not in desk.public().html
    assert f"/portraits/{wanted.portrait}" in desk.doctor.get("/my-page/preview/").html
    stranger = desk.app.test_client().get(f"/portraits/{wanted.portrait}", base_url=ORIGIN)
    assert stranger.status_code == 404
    desk.send(remove="y")
    assert desk.draft()[1].portrait is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"hello", "not a picture that we can read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture that we can read"),
        (a_file("GIF").read(), "not a picture that we can read"),
        (a_file().read()[:900], "damaged or not complete"),
        (a_file("PNG", (5010, 5000)).read(), "at most 25 megapixels"),
    ],
)
def test_a_picture_that_cannot_be_taken_is_refused_beside_its_field(desk, content, complaint):
    page = desk.send(about="Kept.", portrait=FileStorage(BytesIO(content), "portrait.jpg"))
    assert page.status == 422
    assert complaint in page.html.split('id="portrait-error"')[1][:400]
    assert page.form(PAGE).values["about"].strip() == "Kept."
    assert desk.draft()[1].portrait is None


def too_much() -> dict[str, object]:
    """A form with a picture larger than any camera makes, as it travels."""
    head = b'--edge\r\nContent-Disposition: form-data; name="portrait"; filename="me.jpg"\r\n\r\n'
    body = head + b"x" * 21_000_000 + b"\r\n--edge--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=edge"}


@pytest.mark.parametrize("size", [2_100_000, 3_000_000, 12_000_000])
def test_a_picture_of_more_than_two_megabytes_is_refused_and_the_rest_is_kept(desk, size):
    with desk.app.app_context():
        name = a_portrait()
    too_big = FileStorage(BytesIO(a_file().read() + bytes(size)), "me.jpg")
    typed = {f"minutes_{desk.kind}": "45", "languages": ["en", "de"], "kept": name}
    page = desk.send(about="Typed for an hour.", portrait=too_big, **typed)
    assert page.status == 422
    assert "at most 2 MB" in page.html.split('id="portrait-error"')[1][:600]
    form = page.form(PAGE)
    assert form.values["about"].strip() == "Typed for an hour."
    assert form.values[f"minutes_{desk.kind}"] == "45"
    assert form.values["kept"] == name
    assert re.search(
        r'name="languages"[^>]*value="de"[^>]*checked|checked[^>]*value="de"', page.html
    )
    assert desk.draft()[1] == desk.draft()[0]


def test_a_picture_that_is_far_too_big_is_refused_beside_its_field(desk):
    page = Page(desk.doctor.client.post(PAGE, base_url=ORIGIN, **too_much()))
    assert page.status == 422
    assert "at most 2 MB" in page.html.split('id="portrait-error"')[1][:600]


def test_a_stranger_with_a_large_body_learns_nothing(desk):
    answer = desk.app.test_client().post(PAGE, base_url=ORIGIN, **too_much())
    assert answer.status_code == 413
    assert "Ada" not in answer.text


def test_a_large_body_for_a_doctor_whom_nobody_knows_is_too_large(desk):
    answer = desk.admin.client.post(f"{PAGE}?doctor=nobody", base_url=ORIGIN, **too_much())
    assert answer.status_code == 413


def test_a_clinic_may_have_hundreds_of_visit_types(desk):
    with desk.app.app_context():
        for number in range(200):
            a_visit_type(f"Treatment {number}")
    assert desk.send(about="New.", portrait=a_file()).status == 303
    assert desk.draft()[1].about == "New."


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c.jpg", "x" * 300, "<b>.svg", "."])
def test_the_name_of_the_file_means_nothing(desk, name):
    assert desk.send(portrait=a_file(name=name)).status == 303
    assert desk.draft()[1].portrait.endswith(".webp")


def test_a_good_picture_is_kept_while_the_rest_is_put_right(desk):
    page = desk.send(portrait=a_file(), **{f"minutes_{desk.kind}": "7"})
    kept = page.form(PAGE).values["kept"]
    assert page.status == 422
    assert f"/portraits/{kept}" in page.html
    assert desk.send(kept=kept).status == 303
    assert desk.draft()[1].portrait == kept


@pytest.mark.parametrize("kept", ["../docket.sqlite3", f"{'a' * 48}.webp", "x" * 500, "/etc"])
def test_a_forged_name_of_a_kept_picture_is_refused(desk, kept):
    page = desk.send(kept=kept)
    assert page.status == 422
    assert "Choose it once more" in page.text


def test_who_saves_over_somebody_elses_change_is_shown_it_first(desk):
    _, _, seen = desk.draft()
    desk.send(about="Typed in one window.")
    page = desk.send(about="Typed in the other.", version=seen)
    assert page.status == 409
    assert "Somebody else has changed this meanwhile" in page.text
    assert "Typed in one window." in page.text
    form = page.form(PAGE)
    assert form.values["about"].strip() == "Typed in the other."
    assert form.values["version"] == desk.draft()[2]
    assert desk.send(about="Typed in the other.", version=form.values["version"]).status == 303
    assert desk.draft()[1].about == "Typed in the other."


def test_a_doctor_withdraws_what_waits(desk):
    desk.send(about="New.")
    page = desk.doctor.get(PAGE)
    form = page.form("/my-page/withdraw/")
    assert desk.doctor.submit(form).status == 200
    assert desk.draft()[1].about == ""


def test_an_admin_edits_any_page_and_publishes_at_once(desk):
    with desk.app.app_context():
        name = a_portrait()
    page = desk.send(desk.admin, about="By the clinic.", kept=name)
    assert page.location == f"{PAGE}?doctor={desk.ref}"
    assert "By the clinic." in desk.public().text
    assert f"/portraits/{name}" in desk.public().html


def test_an_admin_without_a_doctor_chooses_one_first(desk):
    assert desk.admin.get(PAGE).location == "/admin/doctors/"
    assert desk.admin.get(f"{PAGE}?doctor=nobody").status == 404


def test_a_doctor_edits_no_page_but_their_own(desk):
    with desk.app.app_context():
        other = a_doctor("Bo Ek").ref
    page = desk.doctor.get(f"{PAGE}?doctor={other}")
    assert "Bo Ek" not in page.text
    assert "Ada Berg" in desk.doctor.get(f"/my-page/preview/?doctor={other}").text


def test_a_doctor_who_waits_for_approval_writes_their_page_already(desk):
    with desk.app.app_context():
        newcomer = a_doctor("Cy Ode", published=False, hours=None).user_id
    visitor = Visitor(desk.app.test_client(), newcomer)
    assert "What patients read of you" in visitor.get(PAGE).text
    assert "Cy Ode" in visitor.get("/my-page/preview/").text
