"""A message's row: once for each key, in the transaction of the change that causes it."""

from __future__ import annotations

from flask import Flask

from app.extensions import db
from app.messaging import outbox as outgoing
from app.models import MessageKind, User
from app.transaction import transactional
from tests.builders import a_user
from tests.messaging.conftest import outbox


@transactional
def say(user_id: int, *keys: str) -> None:
    user = db.session.get_one(User, user_id)
    for key in keys:
        outgoing.put(MessageKind.PASSWORD_CHANGED, user, key)
    user.name = "Changed as well"


def test_what_is_said_twice_is_written_once_and_the_change_stands(database: Flask) -> None:
    with database.app_context():
        user_id = a_user(email="ines@example.org").id
        say(user_id, "first")
        say(user_id, "first", "second", "second")
        assert [message.dedupe_key for message in outbox()] == ["first", "second"]
        assert db.session.get_one(User, user_id).name == "Changed as well"
