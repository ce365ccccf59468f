"""Receipts: as a page and as a file, for whom they are, as the clinic was when they were issued."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.billing import receipt_file, receipts, refunds
from app.billing.receipts import Paper
from app.extensions import db
from app.models import Payment, Receipt, Role, User
from config import ROOT
from tests.builders import a_user, policy
from tests.checkout.conftest import Desk
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Visitor
from tests.payments.conftest import pay_at, press_pay, review, somebody

FONTS = ROOT / "app" / "fonts" / "dejavu"
FIRST = datetime(2026, 11, 24, 7, tzinfo=UTC)


def admin_of(desk: Desk) -> Visitor:
    with desk.app.app_context():
        return Visitor(desk.app.test_client(), a_user(Role.ADMIN, "Ana Sousa").id)


def paid(desk: Desk, patient: Visitor, time: str = "10:00") -> str:
    """The patient has paid for a time of tomorrow; the payment's reference."""
    patient.get(pay_at(desk, press_pay(patient, review(desk, patient, time)), "card"))
    with desk.app.app_context():
        newest = select(Payment.ref).order_by(Payment.id.desc())
        return str(db.session.scalars(newest).first())


def given_back(desk: Desk, ref: str, cents: int) -> None:
    with desk.app.app_context():
        admin = db.session.scalars(select(User).where(User.role == Role.ADMIN)).first()
        assert admin is not None
        refunds.by_staff(ref, cents, "A gift", admin, seen=0, form_key="a key")
        desk.work()


def letters_of(file: bytes) -> set[str]:
    """The characters that can be copied out of a PDF: those that its letters are mapped to."""
    maps = re.findall(rb"beginbfchar(.*?)endbfchar", file, re.DOTALL)
    codes = re.findall(rb"<[0-9A-F]+> <([0-9A-F]+)>", b"".join(maps))
    return {bytes.fromhex(code.decode()).decode("utf-16-be", "replace") for code in codes}


def raw(visitor: Visitor, address: str) -> TestResponse:
    return visitor.client.get(address, base_url=ORIGIN)


def a_paper(name: str) -> Paper:
    return Paper(
        number=7,
        issued_at=FIRST,
        issuer=("Docket", "Quay 1"),
        tax_line=name,
        facts=(("Receipt", "7"), ("Patient", name)),
        amount="€45.00",
        moves=(),
        kept="€45.00",
    )


def test_a_receipt_says_who_paid_what_to_whom_for_what_and_how(
    desk: Desk, patient: Visitor
) -> None:
    with desk.app.app_context():
        policy(
            name="Quay Practice",
            receipt_address="Quay House\nQuay 1",
            tax_line="Free of tax, article 21",
            zone="Asia/Tokyo",
        )
    page = patient.get(f"/payments/{paid(desk, patient)}/receipt/")
    assert page.status == 200
    for words in (
        "Receipt 1",
        "Quay Practice",
        "Quay House",
        "Free of tax, article 21",
        "Ines Carvalho",
        "Paid visit, 25 November 2026, 10:00",
        "Ada Berg",
        "by card, 24 November 2026",
        "€45.00",
    ):
        assert words in page.text


def test_a_receipt_keeps_the_clinic_as_it_was_when_it_was_issued(
    desk: Desk, patient: Visitor
) -> None:
    with desk.app.app_context():
        policy(name="Quay Practice", receipt_address="Quay 1")
    ref = paid(desk, patient)
    before = raw(patient, f"/payments/{ref}/receipt.pdf").data
    with desk.app.app_context():
        policy(name="Hill Practice", receipt_address="Hill 2", tax_line="Taxed")
    page = patient.get(f"/payments/{ref}/receipt/")
    paper = page.html.split("<article")[1].split("</article>")[0]
    assert "Quay Practice" in paper
    assert "Hill" not in paper
    assert "Taxed" not in paper
    assert raw(patient, f"/payments/{ref}/receipt.pdf").data == before


def test_what_has_gone_back_since_stands_on_it(desk: Desk, patient: Visitor) -> None:
    admin, ref = admin_of(desk), paid(desk, patient)
    given_back(desk, ref, 1000)
    text = patient.get(f"/payments/{ref}/receipt/").text
    assert "Given back, 24 November 2026 −€10.00" in text
    assert "Left with the clinic €35.00" in text
    assert admin.get(f"/payments/{ref}/receipt/").status == 200


def test_the_file_is_a_pdf_that_nobody_keeps_on_the_way(
    desk: Desk, patient: Visitor, frozen_clock: FrozenClock
) -> None:
    ref = paid(desk, patient)
    first = raw(patient, f"/payments/{ref}/receipt.pdf")
    frozen_clock.advance(minutes=3)
    again = raw(patient, f"/payments/{ref}/receipt.pdf")
    assert first.data.startswith(b"%PDF-")
    assert first.content_type == "application/pdf"
    assert first.headers["Content-Disposition"] == "attachment; filename=receipt-1.pdf"
    assert first.headers["Cache-Control"] == "no-store"
    assert first.data == again.data


@pytest.mark.parametrize("end", ["receipt/", "receipt.pdf"])
def test_a_receipt_is_the_payers_and_the_admins(desk: Desk, patient: Visitor, end: str) -> None:
    ref = paid(desk, patient)
    address = f"/payments/{ref}/{end}"
    assert raw(admin_of(desk), address).status_code == 200
    assert raw(somebody(desk, "Olga Other"), address).status_code == 404
    with desk.app.app_context():
        doctor = Visitor(desk.app.test_client(), a_user(Role.DOCTOR, "Eva Eck").id)
    assert raw(doctor, address).status_code == 403
    assert desk.app.test_client().get(address).status_code in {302, 303}


def test_what_is_not_paid_has_none(desk: Desk, patient: Visitor) -> None:
    press_pay(patient, review(desk, patient))
    with desk.app.app_context():
        ref = db.session.scalars(select(Payment.ref)).one()
    assert raw(patient, f"/payments/{ref}/receipt/").status_code == 404
    assert "Receipt" not in patient.get("/payments/").html.split("<main")[1].split('class="row"')[1]


def test_receipts_are_linked_from_where_one_looks_for_them(desk: Desk, patient: Visitor) -> None:
    ref = paid(desk, patient)
    link = f'href="/payments/{ref}/receipt/"'
    with desk.app.app_context():
        visit = db.session.scalars(select(Payment)).one().appointment.ref
    assert link in patient.get("/payments/").html
    assert link in patient.get(f"/appointment-details/{visit}/").html
    assert link in admin_of(desk).get(f"/admin/payments/{ref}/").html


def test_numbers_leave_no_gap(desk: Desk, patient: Visitor) -> None:
    for time in ("10:00", "11:00"):
        paid(desk, patient, time)
    paid(desk, somebody(desk, "Bo Berg"), "12:00")
    with desk.app.app_context():
        numbers = db.session.scalars(select(Receipt.number).order_by(Receipt.number)).all()
    assert all(later - earlier == 1 for earlier, later in pairwise(numbers))
    assert len(numbers) == 3


@pytest.mark.parametrize(
    "name", ["Inês Carvalho", "Łukasz Żółć", "Ελένη Παπαδοπούλου", "Мария Иванова", "Đorđe"]
)
def test_names_of_other_scripts_are_set_in_their_letters(name: str) -> None:
    assert set(name) - {" "} <= letters_of(receipt_file.file_of(a_paper(name)))


def test_arabic_is_set_from_right_to_left_in_joined_letters() -> None:
    joined, apart = a_paper("مريم"), a_paper("م ر ي م")
    assert set("مريم") <= letters_of(receipt_file.file_of(joined))
    assert receipt_file.file_of(joined) != receipt_file.file_of(apart)


def test_a_letter_that_the_font_has_not_is_none_of_its_letters() -> None:
    assert "漢" not in letters_of(receipt_file.file_of(a_paper("漢字")))


@pytest.mark.parametrize(
    "name",
    ["漢字", "😀", "x" * 400, "\u202eabc", "\ufeff", "", " ", "a\nb", "**b** __u__", "\ud83d"],
)
def test_what_the_font_cannot_say_does_no_harm(name: str) -> None:
    assert receipt_file.file_of(a_paper(name)).startswith(b"%PDF-")


def test_a_receipt_of_many_refunds_goes_on_on_a_second_page(desk: Desk, patient: Visitor) -> None:
    ref = paid(desk, patient)
    with desk.app.app_context():
        many = (("24 November 2026", "Given back", "−€1.00"),) * 40
        long = replace(receipts.paper_of(ref), moves=many)
    assert receipt_file.file_of(long).count(b"/Type /Page\n") == 2


def test_the_fonts_are_those_that_were_checked() -> None:
    versions = (FONTS / "VERSIONS.md").read_text()
    listed = dict(re.findall(r"\| (\S+\.ttf) \| (\w{64}) \|", versions))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FONTS.glob("*.ttf")
    }
    assert listed == found
    assert "Bitstream Vera" in (FONTS / "LICENSE").read_text()


def test_a_charge_by_another_way_says_which(desk: Desk, patient: Visitor) -> None:
    ref = paid(desk, patient)
    for method, words in (
        ("sepa_debit", "by SEPA debit"),
        ("bacs_debit", "with Bacs Debit"),
        ("", "online"),
    ):
        with desk.app.app_context():
            payment = db.session.scalars(select(Payment)).one()
            payment.method = method
            db.session.commit()
            facts = dict(receipts.paper_of(ref).facts)
            assert facts["Paid"].startswith(words)
