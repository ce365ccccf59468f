"""Two people at one form: what the other one has stored, beside what was typed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm

NEVER_SHOWN = {"CSRFTokenField", "HiddenField"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two people differ, in words; `label` is what the form calls it."""

    label: str
    theirs: str
    yours: str


def differences(
    labels: Mapping[str, str], theirs: Mapping[str, str], yours: Mapping[str, str]
) -> list[Difference]:
    """What differs, in the order of the labels, for the macro of `ui/conflict.html`."""
    return [
        Difference(label, theirs.get(name, ""), yours.get(name, ""))
        for name, label in labels.items()
        if theirs.get(name, "") != yours.get(name, "")
    ]


def of_forms(typed: FlaskForm, stored: FlaskForm) -> list[Difference]:
    """The same for the form that was sent and one that was made from what is stored now."""
    shown = [field for field in typed if field.type not in NEVER_SHOWN]
    return differences(
        {field.short_name: field.label.text for field in shown},
        {field.short_name: _in_words(stored[field.short_name]) for field in shown},
        {field.short_name: _in_words(field) for field in shown},
    )


def _in_words(field: Any) -> str:
    if field.type == "BooleanField":
        return "yes" if field.data else "no"
    if hasattr(field, "iter_choices") and not field.has_groups():
        wanted = field.data if isinstance(field.data, list) else [field.data]
        names = {choice.value: str(choice.label) for choice in field.iter_choices()}
        return ", ".join(names.get(one, str(one or "")) for one in wanted)
    return "\n".join(str("" if field.data is None else field.data).split("\r\n")).strip()
