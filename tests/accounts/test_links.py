from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import links
from app.accounts.links import LinkOver
from app.extensions import db
from app.models import OneTimeToken, TokenPurpose
from tests.builders import a_user
from tests.conftest import FrozenClock
from tests.races.racing import allowed, race, refused

CONFIRM, RESET = TokenPurpose.CONFIRM_EMAIL, TokenPurpose.RESET_PASSWORD


def test_a_token_is_good_once(clinic: FrozenClock) -> None:
    jane = a_user()
    token = links.issue(jane, RESET)
    assert links.owner_of(token, RESET) == jane
    assert links.use(token, RESET) == jane
    assert links.owner_of(token, RESET) is None
    with pytest.raises(LinkOver):
        links.use(token, RESET)


def test_a_token_for_one_purpose_is_worthless_for_another(clinic: FrozenClock) -> None:
    token = links.issue(a_user(), CONFIRM)
    with pytest.raises(LinkOver):
        links.use(token, RESET)
    links.use(token, CONFIRM)


@pytest.mark.parametrize(("purpose", "hours"), [(CONFIRM, 48), (RESET, 1)])
def test_a_token_grows_old(clinic: FrozenClock, purpose: TokenPurpose, hours: int) -> None:
    token = links.issue(a_user(), purpose)
    clinic.advance(hours=hours, seconds=-1)
    assert links.owner_of(token, purpose) is not None
    clinic.advance(seconds=1)
    with pytest.raises(LinkOver):
        links.use(token, purpose)


def test_a_token_of_a_closed_account_is_worthless(clinic: FrozenClock) -> None:
    token = links.issue(a_user(is_active=False), RESET)
    with pytest.raises(LinkOver):
        links.use(token, RESET)


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "é", "' OR 1=1--"])
def test_what_we_never_issued_is_worthless(clinic: FrozenClock, token: str) -> None:
    a_user()
    with pytest.raises(LinkOver):
        links.use(token, RESET)


def test_the_database_holds_no_token_that_works(clinic: FrozenClock) -> None:
    token = links.issue(a_user(), RESET)
    stored = db.session.scalars(select(OneTimeToken.token_hash)).one()
    assert len(token) >= 43  # 256 bits
    assert token not in stored
    with pytest.raises(LinkOver):
        links.use(stored, RESET)


def test_of_ten_who_use_a_token_at_once_one_succeeds(database: Flask) -> None:
    with database.app_context():
        token = links.issue(a_user(), RESET)
    results = race(database, [lambda: links.use(token, RESET).id] * 10)
    assert len(allowed(results)) == 1
    assert len(refused(results, LinkOver)) == 9
