"""An admin makes accounts for others, who come in by a mailed link."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.accounts import invitations
from app.accounts.invitations import Newcomer
from app.errors import NotAllowed
from app.extensions import db
from app.models import MessageKind, Role, User
from tests.accounts.outbox import mails, token_of
from tests.admin.conftest import Office
from tests.builders import a_patient, a_user
from tests.pages import ORIGIN, Page, Visitor

INVITATION = MessageKind.INVITATION
NORA = "nora@example.org"
CHOSEN = "seven quiet herons wade"


def invite(office: Office, role: str = "patient", *, at: str = "", **more: str) -> Page:
    form = office.admin.get(f"/admin/users/new/{at}").form("/admin/users/new/")
    form.values |= {"name": "Nora Neu", "email": NORA, "role": role, **more}
    return office.admin.submit(form)


def nora(office: Office) -> User:
    with office.app.app_context():
        user = db.session.scalars(select(User).where(User.email == NORA)).one()
        _ = user.doctor, user.patient
        return user


def link(office: Office) -> str:
    with office.app.app_context():
        return f"/invitation/{token_of(INVITATION, NORA)}/"


def come(office: Office, path: str) -> tuple[Visitor, Page]:
    """A new browser that follows the link."""
    visitor = Visitor(office.app.test_client())
    assert visitor.get(path).location == "/invitation/"
    return visitor, visitor.get("/invitation/")


def test_an_invited_doctor_comes_in_with_a_password_of_their_own(office: Office) -> None:
    page = invite(office, "doctor", title="Prof.", licence_number="B 12/34")
    assert "We have mailed an invitation to nora@example.org" in page.text
    user = nora(office)
    assert user.doctor is not None
    assert (user.doctor.title, user.doctor.licence_number) == ("Prof.", "B 12/34")
    assert user.doctor.approved_at is not None
    assert not user.doctor.is_published
    visitor, page = come(office, link(office))
    assert "Choose a password for your doctor's account" in page.text
    page = visitor.submit(page.form("/invitation/"), password=CHOSEN)
    assert page.address == "/board/today/"
    assert nora(office).confirmed_email == NORA


def test_an_invited_patient_can_book_and_an_invited_admin_can_rule(office: Office) -> None:
    for role, address in (("patient", "/view-appointment/"), ("admin", "/admin/")):
        email = f"{role}@new.example"
        invite(office, role, email=email)
        with office.app.app_context():
            path = f"/invitation/{token_of(INVITATION, email)}/"
        visitor, page = come(office, path)
        visitor.submit(page.form("/invitation/"), password=CHOSEN)
        assert visitor.get(address).status == 200


def test_opening_the_link_uses_nothing_up_and_choosing_does(office: Office) -> None:
    invite(office)
    path = link(office)
    come(office, path)
    visitor, page = come(office, path)
    assert path.split("/")[2] not in page.html
    other, late = come(office, path)
    visitor.submit(page.form("/invitation/"), password=CHOSEN)
    assert other.submit(late.form("/invitation/"), password=CHOSEN).status == 410
    _, page = come(office, path)
    assert page.status == 410
    assert "grown old" in page.text


def test_a_weak_password_is_refused_beside_its_field(office: Office) -> None:
    invite(office)
    visitor, page = come(office, link(office))
    page = visitor.submit(page.form("/invitation/"), password="nora neu")
    assert page.status == 422
    assert "Use at least 10 characters" in page.text
    assert not nora(office).is_confirmed


def test_a_link_ends_after_seven_days_and_is_sent_again(office: Office) -> None:
    invite(office)
    first = link(office)
    ref = nora(office).ref
    office.clock.advance(days=7, seconds=1)
    office.admin.sign_in(office.admin_id)
    assert come(office, first)[1].status == 410
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "does not work any more" in page.text
    page = office.admin.submit(page.form("/invite/"))
    assert "A new invitation is on its way" in page.text
    assert come(office, link(office))[1].status == 200


def test_a_second_invitation_ends_the_first(office: Office) -> None:
    invite(office)
    first = link(office)
    ref = nora(office).ref
    old = office.admin.get(f"/admin/users/{ref}/")
    office.admin.submit(old.form("/invite/"))
    assert come(office, first)[1].status == 410
    assert office.admin.submit(old.form("/invite/")).status == 409  # a double click sends one
    with office.app.app_context():
        assert len(mails(INVITATION, NORA)) == 2


def test_who_came_in_is_not_invited_again(office: Office) -> None:
    invite(office)
    user = nora(office)
    form = office.admin.get(f"/admin/users/{user.ref}/").form("/invite/")
    visitor, page = come(office, link(office))
    visitor.submit(page.form("/invitation/"), password=CHOSEN)
    version = str(nora(office).version)
    assert office.admin.submit(form, version=version).status == 409
    page = office.admin.get(f"/admin/users/{user.ref}/")
    assert not [form for form in page.forms if form.action.endswith("/invite/")]


def test_a_known_address_is_refused_beside_the_field_and_nothing_is_lost(office: Office) -> None:
    with office.app.app_context():
        a_patient("Ines Carvalho", NORA)
    page = invite(office, "doctor", title="PD Dr.", licence_number="X 9")
    assert page.status == 409
    assert "There is an account with this e-mail address already" in page.text
    values = page.form("/admin/users/new/").values
    assert (values["title"], values["licence_number"], values["role"]) == (
        "PD Dr.",
        "X 9",
        "doctor",
    )


def test_a_double_click_makes_one_account(office: Office) -> None:
    form = office.admin.get("/admin/users/new/").form("/admin/users/new/")
    form.values |= {"name": "Nora Neu", "email": NORA, "role": "patient"}
    statuses = [office.admin.submit(form).status for _ in range(2)]
    assert statuses == [200, 409]
    assert nora(office)


def test_a_stranger_who_registered_with_the_address_does_not_keep_its_owner_out(
    office: Office,
) -> None:
    with office.app.app_context():
        a_user(email=NORA, confirmed_email=None)
    assert invite(office).status == 200


def test_where_somebody_confirmed_the_address_meanwhile_the_invitation_says_so(
    office: Office,
) -> None:
    invite(office)
    visitor, page = come(office, link(office))
    with office.app.app_context():
        a_user(email=NORA)
    page = visitor.submit(page.form("/invitation/"), password=CHOSEN)
    assert page.status == 409
    assert "already belongs to another account" in page.text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": ""}, "Enter the name as they would like"),
        ({"name": "Nora\u202eNeu"}, "cannot hold line breaks"),
        ({"email": "nora"}, "Enter an e-mail address"),
        ({"role": "owner"}, "Not a valid choice"),
        ({"role": "doctor", "licence_number": ""}, "Enter the number of the licence"),
        ({"role": "doctor", "licence_number": "<b>"}, "Use letters, digits"),
        ({"role": "doctor", "licence_number": "1", "title": "Sir"}, "Choose one of the titles"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    office: Office, fields: dict[str, str], complaint: str
) -> None:
    page = invite(office, **{"role": "patient", **fields})
    assert page.status == 422
    assert complaint in page.text


def test_the_admin_comes_back_to_where_they_were(office: Office) -> None:
    page = invite(office, at="?next=/admin/doctors/%3Fstanding%3Dhidden&role=doctor")
    assert page.address == "/admin/doctors/"


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere(office: Office, next_: str) -> None:
    form = office.admin.get("/admin/users/new/").form("/admin/users/new/")
    form.values |= {"name": "Nora Neu", "email": NORA, "role": "patient", "next": next_}
    answer = office.admin.submit(form, follow=False)
    assert answer.location.startswith("/admin/users/")


def test_the_trail_says_who_invited_whom_and_that_they_came(office: Office) -> None:
    invite(office, "doctor", licence_number="B 1")
    visitor, page = come(office, link(office))
    visitor.submit(page.form("/invitation/"), password=CHOSEN)
    invited = office.trail("user.invited")[0]
    assert invited.actor_id == office.admin_id
    assert invited.after == {"email": NORA, "role": "doctor"}
    approved = office.trail("doctor.approved")[0].after
    assert approved
    assert approved["licence_number"] == "B 1"
    assert office.trail("user.joined")[0].actor_id == nora(office).id


def test_only_admins_invite_whatever_the_page_lets_through(office: Office) -> None:
    with office.app.app_context():
        stranger = a_patient("Mallory").user
        with pytest.raises(NotAllowed):
            invitations.create(Newcomer("Nora", NORA, Role.ADMIN), stranger)


def test_the_link_without_a_token_leads_to_the_login(office: Office) -> None:
    response = office.app.test_client().get("/invitation/", base_url=ORIGIN)
    assert response.location == "/login/"
