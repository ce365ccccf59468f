"""Users: found, and what admins do with each account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, request, url_for

from app.accounts import administration, finding, invitations, sessions
from app.accounts.finding import Sort, State, Wanted
from app.admin import bp
from app.admin.asked import chosen, searched, version_seen
from app.errors import Busy, ClinicError
from app.htmx import respond, see_other
from app.inputs import a_page
from app.models import Role, User
from app.scheduling import openings, register
from app.security import me, only


@bp.get("/admin/users/")
@only(Role.ADMIN)
def users() -> Response:
    """The users, searched, narrowed, ordered and paged; the address holds it all."""
    wanted = Wanted(
        search=searched(),
        role=chosen(Role, request.args.get("role")),
        state=chosen(State, request.args.get("state")),
        sort=chosen(Sort, request.args.get("sort")) or Sort.NAME,
    )
    return respond(
        "admin/users.html",
        "admin/_users.html",
        page=finding.find_users(wanted, a_page(request.args.get("page"))),
        wanted=wanted,
        address=lambda **changed: _address(wanted, **changed),
        page_address=lambda number: _address(wanted, page=number),
    )


@bp.get("/admin/users/<ref>/")
@only(Role.ADMIN)
def user(ref: str) -> Response:
    """One user, and what can be done with the account."""
    return _user_page(administration.user_of(ref))


@bp.post("/admin/users/<ref>/role/")
@only(Role.ADMIN)
def change_role(ref: str) -> Response:
    """Make a patient an admin, or an admin a patient again."""
    found, version = administration.user_of(ref), version_seen()
    role = chosen(Role, request.form.get("role")) or abort(400)
    return _changed(
        ref,
        lambda: administration.set_role(found, role, me(), version=version),
        f"{found.name} is now {role.value} and has to log in again.",
    )


@bp.post("/admin/users/<ref>/active/")
@only(Role.ADMIN)
def change_active(ref: str) -> Response:
    """Close an account, or open it again."""
    found, version = administration.user_of(ref), version_seen()
    is_active = {"yes": True, "no": False}.get(request.form.get("active", ""))
    if is_active is None:
        abort(400)
    reason = request.form.get("reason", "")
    done = "can log in again" if is_active else "is logged out everywhere and cannot log in"
    return _changed(
        ref,
        lambda: administration.set_active(found, is_active, me(), version=version, reason=reason),
        f"{found.name} {done}.",
    )


@bp.post("/admin/users/<ref>/sessions/")
@only(Role.ADMIN)
def end_sessions(ref: str) -> Response:
    """Log somebody out everywhere."""
    found, version = administration.user_of(ref), version_seen()
    return _changed(
        ref,
        lambda: administration.end_sessions(found, me(), version=version),
        f"{found.name} is logged out everywhere.",
    )


@bp.post("/admin/users/<ref>/password/")
@only(Role.ADMIN)
def ask_for_new_password(ref: str) -> Response:
    """Let somebody go on only with a new password."""
    found, version = administration.user_of(ref), version_seen()
    return _changed(
        ref,
        lambda: administration.ask_for_new_password(found, me(), version=version),
        f"{found.name} has to choose a new password. We have mailed them a link for it.",
    )


@bp.post("/admin/users/<ref>/invite/")
@only(Role.ADMIN)
def invite_again(ref: str) -> Response:
    """Mail a fresh invitation; the one before ends."""
    found, version = administration.user_of(ref), version_seen()
    return _changed(
        ref,
        lambda: invitations.send_again(found, me(), version=version),
        f"A new invitation is on its way to {found.email}.",
    )


def _changed(ref: str, change: Callable[[], Any], done: str) -> Response:
    try:
        change()
    except Busy:
        raise
    except ClinicError as refused:
        return _user_page(administration.user_of(ref), refused)
    flash(done, "success")
    return see_other(url_for("admin.user", ref=ref))


def _user_page(found: User, refused: ClinicError | None = None) -> Response:
    at = openings.desk().at
    coming = register.coming_of_patient(found.patient, at) if found.patient else 0
    seeing = 0
    if found.doctor:
        seeing = register.coming_by_doctor([found.doctor.id], at).get(found.doctor.id, 0)
    return respond(
        "admin/user.html",
        "admin/user.html",
        status=refused.status if refused else 200,
        user=found,
        is_me=found.id == me().id,
        coming=coming,
        seeing=seeing,
        next_role=administration.may_become(found),
        role_stays=administration.why_role_stays(found),
        open_sessions=len(sessions.open_sessions(found)),
        is_invited=invitations.is_waiting(found),
        invited_until=invitations.good_until(found),
        refusal=refused.sentence if refused else None,
    )


def _address(wanted: Wanted, **changed: Any) -> str:
    words: dict[str, Any] = {
        "q": wanted.search or None,
        "role": wanted.role.value if wanted.role else None,
        "state": wanted.state.value if wanted.state else None,
        "sort": wanted.sort.value if wanted.sort is not Sort.NAME else None,
    }
    return url_for("admin.users", **(words | changed))
