"""What browsers send, read strictly."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from app.inputs import (
    a_day,
    a_number,
    a_page,
    a_tick,
    a_time,
    own_path,
    refuse_malformed,
    takes_many,
)

HOSTILE_NUMBERS = [
    None,
    "",
    "-1",
    "+1",
    "1e3",
    "0x1",
    "1.0",
    "１",  # full-width
    "٣",  # Arabic-Indic
    "²",
    " 1",
    "1 ",
    "1\n",
    "1;--",
    "1_000",
    "1,000",
    "true",
    "NaN",
    "\x001",
    "9" * 10_000,
    str(2**31),
    str(2**63),
]


@pytest.mark.parametrize("text", HOSTILE_NUMBERS)
def test_what_is_not_a_plain_number_in_range_is_nothing(text):
    assert a_number(text, 0, 1_000_000) is None


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), ("100", 100)])
def test_a_plain_number_in_range_is_read(text, number):
    assert a_number(text, 0, 100) == number


@pytest.mark.parametrize("text", ["2", "11"])
def test_a_number_out_of_range_is_nothing(text):
    assert a_number(text, 3, 10) is None


@pytest.mark.parametrize("text", [*HOSTILE_NUMBERS[:-2], "0", "13672801", str(2**63)])
def test_what_is_no_tick_before_2100_is_nothing(text):
    assert a_tick(text) is None


@pytest.mark.parametrize("text", ["1", "5985300", "13672800"])
def test_a_tick_before_2100_is_read(text):
    assert a_tick(text) == int(text)


@pytest.mark.parametrize("text", [*HOSTILE_NUMBERS[:-2], "0", "1000001", str(2**63)])
def test_a_page_that_makes_no_sense_is_the_first(text):
    assert a_page(text) == 1


def test_a_page_is_read():
    assert a_page("12") == 12


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0001-01-01",
        "1969-07-20",
        "1999-12-31",
        "2101-01-01",
        "9999-12-31",
        "10000-01-01",
        "2027-02-29",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-11-31",
        "2026-1-1",
        "20261124",
        "2026-W48-2",
        "2026-11-24T10:30",
        "2026-11-24T24:00",
        "2026-11-24 10:30:60",
        "2026-11-24\n",
        " 2026-11-24",
        "２０２６-11-24",
        "٢٠٢٦-11-24",
        "-2026-11-24",
        "2026-11-24; DROP TABLE users",
        "today",
        "x" * 100_000,
    ],
)
def test_what_is_no_date_of_a_shown_year_is_nothing(text):
    assert a_day(text) is None


@pytest.mark.parametrize(
    "text", ["2026-11-24", "2028-02-29", "2038-01-19", "2000-01-01", "2100-12-31", "2027-03-28"]
)
def test_a_date_is_read(text):
    assert a_day(text) == date.fromisoformat(text)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "evil",
        "//evil",
        "///evil",
        "https:evil",
        "https://evil/",
        "/\\evil",
        "\\\\evil",
        "/%09/evil"[:1] + "\t/evil",
        "/\n/evil",
        "/a\x00b",
        "/a\\b",
        "javascript:alert(1)",
        "data:text/html,x",
        "/" + "a" * 10_000,
    ],
)
def test_an_address_elsewhere_is_not_followed(address):
    assert own_path(address) is None


@pytest.mark.parametrize(
    "address", ["/", "/view-appointment/", "/appointment/?doctor=x&day=2026-11-24", "/%2f/evil"]
)
def test_a_path_of_this_site_is_followed(address):
    assert own_path(address) == address


def check(app: Flask, fields: MultiDict[str, str], method: str = "POST") -> None:
    where = "data" if method == "POST" else "query_string"
    with app.test_request_context("/", method=method, **{where: fields}):
        refuse_malformed()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_field_sent_twice_is_refused(app, method):
    with pytest.raises(BadRequest, match="more than once"):
        check(app, MultiDict([("name", "a"), ("name", "b")]), method)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_nul_is_refused(app, method):
    with pytest.raises(BadRequest, match="cannot be stored"):
        check(app, MultiDict([("name", "a\x00b")]), method)


def test_a_nul_in_a_fields_name_is_refused(app):
    with pytest.raises(BadRequest, match="cannot be stored"):
        check(app, MultiDict([("na\x00me", "a")]))


@pytest.mark.parametrize(
    "text", ["Zoë", "🤧", "\u202eright to left", "é" * 500, "<script>", "' OR 1=1--"]
)
def test_any_other_text_is_let_through(app, text):
    check(app, MultiDict([("name", text)]))


def test_each_field_once_is_let_through(app):
    check(app, MultiDict([("name", "a"), ("reason", "a")]))


def test_a_view_may_take_a_field_many_times(app, monkeypatch):
    view = takes_many("languages")(lambda: "")
    monkeypatch.setitem(app.view_functions, "static", view)
    fields = MultiDict([("languages", "de"), ("languages", "en")])
    with app.test_request_context("/static/x", query_string=fields):
        refuse_malformed()


@pytest.mark.parametrize(("text", "minutes"), [("09:05", 545), ("9:05", 545), ("24:00", 1440)])
def test_times_of_day_are_minutes(text: str, minutes: int) -> None:
    assert a_time(text) == minutes


@pytest.mark.parametrize(
    "text", [None, "", "24:05", "12:60", "12", "-1:00", "１２:００", "12:00\n", "9.30", "100:00"]
)
def test_what_is_no_time_of_day_is_nothing(text: str | None) -> None:
    assert a_time(text) is None
