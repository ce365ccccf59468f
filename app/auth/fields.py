"""Passwords that are to be, and passwords that somebody has."""

from __future__ import annotations

from typing import Any

from wtforms import PasswordField
from wtforms.validators import InputRequired, Length, StopValidation

from app.accounts import passwords


class NewPasswordField(PasswordField):
    """A password to be. The person's own words may not be it: what the form asks for, or what its
    `about` holds when they are known already."""

    data: Any

    def pre_validate(self, form: Any) -> None:
        asked = [form[own].data or "" for own in ("name", "email") if own in form]
        known = getattr(form, "about", ())
        if complaint := passwords.complaint(self.data or "", *asked, *known):
            raise StopValidation(complaint)


def known_password(label: str) -> PasswordField:
    """A password that somebody has; only that there is one can be checked here."""
    return PasswordField(
        label,
        validators=[
            InputRequired("Enter your password."),
            Length(max=passwords.LONGEST, message="This password is too long to be yours."),
        ],
    )
