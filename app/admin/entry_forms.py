"""What the forms for specialties, locations, visit types and closures have in common."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import StopValidation

from app.accounts import names
from app.admin.users import LONGEST_SEARCH
from app.clinic import audit, history
from app.clinic.audit import Audited

LONGEST_TEXT = 2_000
LINE_ENDS = str.maketrans("", "", "\n\t")


class LineField(StringField):
    """One line of text, tidied. Without `missing`, the sentence when nothing is typed, it may stay
    empty."""

    data: Any

    def __init__(
        self, label: str, *, longest: int, missing: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.longest, self.missing = longest, missing

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = names.tidy(self.data or "")

    def pre_validate(self, form: Any) -> None:
        if names.breaks_lines(self.data or ""):
            raise StopValidation("This cannot hold line breaks or control characters.")
        if len(self.data or "") > self.longest:
            raise StopValidation(f"Use at most {self.longest} characters.")
        if self.missing and not any(sign.isalnum() for sign in self.data or ""):
            raise StopValidation(self.missing)


class PhoneField(LineField):
    """A telephone number, or nothing."""

    def pre_validate(self, form: Any) -> None:
        super().pre_validate(form)
        if self.data and (complaint := names.complaint_about_phone(self.data)):
            raise StopValidation(complaint)


class TextField(TextAreaField):
    """Some lines of text, or nothing."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = "\n".join((self.data or "").splitlines()).strip()

    def pre_validate(self, form: Any) -> None:
        if names.breaks_lines((self.data or "").translate(LINE_ENDS)):
            raise StopValidation("This cannot hold control characters.")
        if len(self.data or "") > LONGEST_TEXT:
            raise StopValidation(f"Use at most {LONGEST_TEXT:,} characters.")


def filled(form: FlaskForm, *names_of_fields: str) -> dict[str, Any]:
    """What was filled in, by the name of the field."""
    return {name: form[name].data for name in names_of_fields}


def searched() -> str:
    """What is searched for in a list."""
    return request.args.get("q", "")[:LONGEST_SEARCH].strip()


def who_changed(row: Audited) -> str | None:
    """Who has changed this last, for whoever meets the change."""
    latest = history.of(audit.kind_of(row), row.id, 1)
    return latest[0].actor.name if latest and latest[0].actor else None
