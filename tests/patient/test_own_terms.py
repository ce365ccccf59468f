"""Where doctors differ in length and price, the booking page says so, and then what it is."""

from __future__ import annotations

from flask import Flask

from tests.builders import a_doctor, a_visit_type, on_own_terms
from tests.pages import Visitor


def test_any_doctor_shows_the_span_and_a_doctor_shows_their_own(app: Flask, frozen_clock) -> None:
    with app.app_context():
        kind = a_visit_type("Check-up", minutes=30, price_cents=4000)
        a_doctor("Quinn Quick", visit_types=[kind])
        slow = a_doctor("Sam Slow", visit_types=[kind])
        on_own_terms(slow, kind, minutes=60, cents=9000)
        query = f"specialty=cardiology&visit_type={kind.ref}&day=2026-11-25"
        ref = slow.ref
    visitor = Visitor(app.test_client())
    anyone = visitor.get(f"/appointment/?{query}&doctor=any").text
    assert "30 min to 1 h" in anyone
    assert "€40.00 to €90.00" in anyone
    own = visitor.get(f"/appointment/?{query}&doctor={ref}").text
    assert "1 h" in own
    assert "€90.00" in own
    assert "€40.00" not in own
    prices = visitor.get("/prices/").text
    assert "30 min to 1 h" in prices
    assert "€40.00 to €90.00" in prices
