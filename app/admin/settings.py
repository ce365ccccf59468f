"""The clinic's settings: each with its unit, its default and what it does; and who changed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Response, abort, flash, make_response, render_template, request, url_for

from app.admin import bp, wording
from app.admin.settings_form import GROUPS, SettingsForm
from app.clinic import policy, settings
from app.clinic.settings import ClinicSettings
from app.conflicts import Difference
from app.errors import ChangedMeanwhile
from app.htmx import see_other
from app.inputs import takes_many
from app.messaging.choices import leads_in_words
from app.models import AuditEvent, Role
from app.security import me, only


@bp.get("/admin/settings/", endpoint="settings")
@only(Role.ADMIN)
def settings_page() -> Response:
    """The settings as they stand."""
    return _page(_form_of(settings.current()))


@bp.post("/admin/settings/")
@only(Role.ADMIN)
@takes_many("reminder_hours")
def settings_now() -> Response:
    """Keep what was changed; or fill a default in, which changes nothing yet."""
    form, stored = SettingsForm(), settings.current()
    if default := request.form.get("default"):
        if default not in policy.CHANGEABLE:
            abort(400)
        form[default].process_data(getattr(policy.DEFAULTS, default))
        return _page(form, filled=default)
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        changed = policy.save(form.wanted(stored), me(), version=form.version.data or "")
    except ChangedMeanwhile as refused:
        now = settings.current()
        form.version.data = policy.version_of(now)
        return _page(form, refused.status, theirs=_differences(form, now))
    flash(_what_was_done(changed), "success")
    return see_other(url_for("admin.settings"))


def _form_of(stored: ClinicSettings) -> SettingsForm:
    return SettingsForm(**asdict(stored), version=policy.version_of(stored))


def _page(
    form: SettingsForm,
    status: int = 200,
    *,
    theirs: list[Difference] | None = None,
    filled: str | None = None,
) -> Response:
    changes = policy.changes()
    page = render_template(
        "admin/settings.html",
        form=form,
        groups=GROUPS,
        bounds=policy.BOUNDS,
        defaults=policy.DEFAULTS,
        changes=changes,
        theirs=theirs,
        who=name_of_last(changes),
        filled=filled,
        reminders_in_words=leads_in_words,
        in_words=wording.in_words,
    )
    return make_response(page, status)


def name_of_last(changes: Sequence[AuditEvent]) -> str | None:
    """Who made the latest of the changes, where somebody did."""
    return changes[0].actor.name if changes and changes[0].actor else None


def _differences(form: SettingsForm, stored: ClinicSettings) -> list[Difference]:
    """The settings in which what was typed differs from what is stored now."""
    typed, now = asdict(form.wanted(stored)), asdict(stored)
    return [
        Difference(
            form[name].label.text, _with_unit(name, now[name]), _with_unit(name, typed[name])
        )
        for name in policy.CHANGEABLE
        if typed[name] != now[name]
    ]


def _with_unit(name: str, value: Any) -> str:
    if name == policy.REMINDERS:
        return leads_in_words(value) or "none"
    bounds = policy.BOUNDS.get(name)
    return f"{value} {bounds.unit}" if bounds else str(value)


def _what_was_done(changed: dict[str, tuple[Any, Any]]) -> str:
    if not changed:
        return "The settings are as they were."
    if "zone" not in changed:
        return "The settings are saved, and hold from now on."
    before, after = changed["zone"]
    return (
        f"The settings are saved. The clinic's time zone is {after} now, and was {before}. "
        "No appointment has moved, and each location keeps its own zone."
    )
