"""How letters look: the same words as text and as HTML that every mail program can show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import html5lib
import pytest

from app.clinic import colours
from app.messaging import letters as letter_module
from app.messaging import stationery
from app.messaging.letters import Letter
from app.models import Appointment, MessageKind, OutboxMessage
from app.scheduling import changes
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_patient, booked, policy
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL, LINKS, html_of, in_three_days, outbox, text_of

LARGEST = 20_000  # bytes; some mail programs cut what is much longer


def parsed(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


def words_of(html: str) -> str:
    page = parsed(html)
    return " ".join(" ".join(page.find("body").itertext()).split())


@pytest.fixture
def sent(visit: Appointment, letters: Any, clinic: FrozenClock) -> list[Any]:
    """What a patient is sent about a visit that is confirmed, then cancelled by the doctor."""
    letters.run()
    actor = Actor.of(visit.doctor.user)
    changes.cancel(visit, actor, "I am ill.", version=visit.version)
    clinic.advance(seconds=31)
    letters.run()
    assert visit.patient is not None
    return list(letters.to(visit.patient.user))


def test_every_sentence_of_the_text_stands_in_the_html(sent) -> None:
    for email in sent:
        shown = words_of(html_of(email))
        for line in text_of(email).splitlines():
            if not line.startswith(BASE_URL):
                for part in line.strip().rstrip(":").split(": ", 1):
                    assert part in shown


def test_every_address_of_the_text_is_a_link_of_the_html(sent) -> None:
    for email in sent:
        links = {link.get("href") for link in parsed(html_of(email)).iter("a")}
        assert links == set(re.findall(r"^http\S+", text_of(email), re.MULTILINE))
        assert all(link.startswith(f"{BASE_URL}/") for link in links)


def test_a_letter_needs_nothing_from_elsewhere_and_runs_nothing(sent) -> None:
    for email in sent:
        html = html_of(email)
        page = parsed(html)
        tags = {str(tag.tag) for tag in page.iter()}
        assert not tags & {"img", "script", "link", "iframe", "form", "svg", "video", "object"}
        assert "url(" not in html
        assert "@import" not in html
        assert not [name for tag in page.iter() for name in tag.attrib if name.startswith("on")]
        assert len(html.encode()) < LARGEST


def test_a_letter_is_headed_by_the_clinic_in_its_colour(clinic, letters) -> None:
    policy(name="Lindenhof", colour="#14595c")
    booked(a_patient(), a_doctor(), in_three_days())
    letters.run()
    html = html_of(letters.sent[0])
    body = parsed(html).find("body")
    assert body.find(".//p[@class='head']").text == "Lindenhof"
    assert "#14595c" in body.find(".//p[@class='head']").get("style")
    assert "background: #14595c" in body.find(".//td[@class='main']/a").get("style")
    assert colours.on_dark("#14595c") in html


def test_a_mailbox_shows_what_is_new_beside_the_subject(sent) -> None:
    first = words_of(html_of(sent[0]))
    assert first.startswith("Dr. Ada Berg, Main Street Practice")
    assert words_of(html_of(sent[1])).startswith("You need not come")


def test_dark_paper_has_a_colour_for_all_that_has_one_on_white(sent) -> None:
    html = html_of(sent[0])
    assert parsed(html).find(".//meta[@name='color-scheme']").get("content") == "light dark"
    dark = html.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
    coloured = {
        word
        for tag in parsed(html).find("body").iter()
        if "color:" in tag.get("style", "") or "background:" in tag.get("style", "")
        for word in tag.get("class", "").split()
    }
    assert coloured
    for name in coloured:
        assert f".{name}" in dark, name


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_can_be_written_in_english(kind: MessageKind) -> None:
    assert "en" in stationery.languages_of(kind.value)


def test_a_letter_is_in_the_language_of_its_message_where_somebody_has_written_it(
    visit, letters, tmp_path, monkeypatch
) -> None:
    (tmp_path / "de").mkdir()
    for path in stationery.TEMPLATES.glob("*.*"):
        (tmp_path / path.name).write_text(path.read_text())
    for path in (stationery.TEMPLATES / "en").glob("_*.jinja"):
        (tmp_path / "de" / path.name).write_text(path.read_text())
    (tmp_path / "de" / "appointment_confirmed.jinja").write_text(
        "{% extends layout %}{% block subject %}Ihr Termin steht{% endblock %}"
        "{% block preview %}{% endblock %}{% block body %}"
        "{% call p() %}Bis bald.{% endcall %}{% endblock %}"
    )
    monkeypatch.setattr(stationery, "TEMPLATES", tmp_path)
    for cached in (stationery.languages_of, stationery._paper):
        cached.cache_clear()
    (message,) = outbox()
    message.language = "de"
    try:
        letter = as_it_would_be(message)
    finally:
        monkeypatch.undo()
        for cached in (stationery.languages_of, stationery._paper):
            cached.cache_clear()
    assert letter.subject == "Ihr Termin steht"
    assert "Bis bald.\n" in letter.text
    assert '<html lang="de">' in letter.html


def test_what_nobody_has_translated_comes_in_english_and_says_so(visit) -> None:
    (message,) = outbox()
    for language in ("de", "../..", ""):
        message.language = language
        letter = as_it_would_be(message)
        assert "is confirmed" in letter.subject
        assert '<html lang="en">' in letter.html


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30 (UTC+2) to 02:00 (UTC+1)"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30 (UTC+1) to 03:00"),
        (datetime(2026, 3, 29, 0, 45, tzinfo=UTC), "01:45 to 03:15"),
    ],
)
def test_an_hour_that_a_wall_shows_twice_says_which_it_is(visit, instant, shown) -> None:
    (message,) = outbox()
    visit.starts_at, visit.ends_at = instant, instant + timedelta(minutes=30)
    letter = as_it_would_be(message)
    assert shown in letter.text
    assert letter.subject.endswith(f"{shown.partition(' to')[0]} is confirmed")


def as_it_would_be(message: OutboxMessage) -> Letter:
    """The letter that would go out now."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    letter = letter_module.write(message, BASE_URL, "no-reply@clinic.example", LINKS, at)
    assert letter is not None
    return letter
