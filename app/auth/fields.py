"""The fields that several forms share; each says what is wrong beside itself."""

from __future__ import annotations

from typing import Any

from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, StopValidation

from app.accounts import addresses, names, passwords
from app.accounts.addresses import NotAnAddress


class AddressField(EmailField):
    """An e-mail address, normalised; what cannot be one stays as it was typed."""

    data: Any
    complaint: str | None = "Enter your e-mail address."

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if not self.data:
            return
        try:
            self.data = addresses.normalised(self.data)
        except NotAnAddress as fault:
            self.complaint = fault.sentence
        else:
            self.complaint = None

    def pre_validate(self, form: Any) -> None:
        if self.complaint:
            raise StopValidation(self.complaint)


class NameField(StringField):
    """Somebody's name."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = names.tidy(self.data or "")

    def pre_validate(self, form: Any) -> None:
        if complaint := names.complaint_about_name(self.data or ""):
            raise StopValidation(complaint)


class PhoneField(StringField):
    """A telephone number, or nothing."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = names.tidy(self.data or "")

    def pre_validate(self, form: Any) -> None:
        if self.data and (complaint := names.complaint_about_phone(self.data)):
            raise StopValidation(complaint)


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
