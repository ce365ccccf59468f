"""Dr. Ada Berg and somebody at a browser."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders import (
    a_doctor,
    a_visit_type,
)
from tests.conftest import FrozenClock
from tests.pages import Visitor
from tests.patient.steps import (
    Known,
)


@pytest.fixture
def doctor(app: Flask, frozen_clock: FrozenClock) -> Known:
    """Dr. Ada Berg, who sees people from nine to five."""
    with app.app_context():
        kind = a_visit_type("Check-up", 30, price_cents=4000)
        return Known.of(a_doctor("Ada Berg", visit_types=[kind]))


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)
