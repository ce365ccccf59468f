"""Ana Sousa, an admin, at her browser."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent, Role, User
from tests.builders import a_user
from tests.conftest import FrozenClock
from tests.pages import Visitor


@dataclass
class Office:
    app: Flask
    clock: FrozenClock
    admin_id: int
    admin: Visitor

    def user(self, user_id: int) -> User:
        """The row as it stands."""
        with self.app.app_context():
            return db.session.get_one(User, user_id)

    def visitor(self, user_id: int) -> Visitor:
        return Visitor(self.app.test_client(), user_id)

    def trail(self, action: str) -> list[AuditEvent]:
        """The events of an action, oldest first."""
        with self.app.app_context():
            wanted = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
            return list(db.session.scalars(wanted))


@pytest.fixture
def office(app: Flask, frozen_clock: FrozenClock) -> Office:
    with app.app_context():
        admin_id = a_user(Role.ADMIN, "Ana Sousa", "ana@example.org").id
    return Office(app, frozen_clock, admin_id, Visitor(app.test_client(), admin_id))
