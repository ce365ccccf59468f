"""Who may call what. Log in by default: a route without a declaration is refused to everybody."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    request,
    session,
    url_for,
)
from flask_login import UserMixin, current_user, login_user, logout_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from app.accounts import known_browsers, sessions
from app.accounts.sessions import Device
from app.errors import Busy, NotAllowed
from app.extensions import csrf, limiter, login_manager
from app.htmx import is_htmx, see_other, wants_fragment
from app.models import Doctor, LoginSession, Patient, Role, User
from app.scheduling.holders import Holder
from app.signing import Signer

View = TypeVar("View", bound=Callable[..., Any])

limited = limiter.limit  # `@limited("10 per minute")`: how often one address may call a view

BROWSER = "browser"
KEPT_OVER_LOGIN = (BROWSER, "next")
MARKS_LAST = 365 * 24 * 3600  # seconds, since the latest sign-in
# All that somebody may call who has to choose a new password first.
BEFORE_NEW_PASSWORD = frozenset(
    {
        "static",
        "site.health",
        "site.favicon",
        "auth.logout",
        "auth.password",
        "auth.password_now",
        "auth.forgot_password",
        "auth.forgot_password_now",
        "auth.reset_link",
        "auth.reset_password",
        "auth.reset_password_now",
        "auth.invitation_link",
        "auth.invitation",
        "auth.invitation_now",
        "auth.unsubscribe",
        "auth.unsubscribe_now",
    }
)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a view: anybody, or those signed in with one of `roles`."""

    is_public: bool = False
    roles: frozenset[Role] = frozenset(Role)


def public(view: View) -> View:
    """Anybody may call this view."""
    view.access = Access(is_public=True)  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Whoever is signed in may call this view."""
    view.access = Access()  # type: ignore[attr-defined]
    return view


def only(*roles: Role) -> Callable[[View], View]:
    """Only people of these roles may call this view."""

    def decorate(view: View) -> View:
        view.access = Access(roles=frozenset(roles))  # type: ignore[attr-defined]
        return view

    return decorate


def quiet(view: View) -> View:
    """A poll: it shows no sign of a person, so it does not keep a session alive; and it comes
    often and costs little, so no limit counts it."""
    view.is_quiet = True  # type: ignore[attr-defined]
    return view


def by_address_alone(view: View) -> View:
    """The address of this view is a key of its own: it asks for no token in its form.

    Such a token keeps another site from sending a form with a visitor's cookie. Where no cookie is
    asked for, there is nothing to misuse: who does not know the address can send nothing, and who
    knows it needs nobody else's browser.
    """
    csrf.exempt(view)
    return view


@limiter.request_filter
def _is_quiet() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "is_quiet", False)


class Visitor(UserMixin):
    """The signed-in person as Flask-Login and the templates see them. Its id is the token."""

    def __init__(self, token: str, login: LoginSession) -> None:
        self.token = token
        self.login = login
        self.user = login.user

    def get_id(self) -> str:
        return self.token

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def role(self) -> Role:
        return self.user.role


def sign_in(user: User, *, with_notice: bool = False) -> None:
    """Sign this browser in under a new token; what it had before, but for its hold, is gone.
    `with_notice` the account's owner is told if it was never used here before."""
    kept = {name: session[name] for name in KEPT_OVER_LOGIN if name in session}
    session.clear()
    session.update(kept)
    cookie, key = _marks_cookie(), str(current_app.secret_key)
    marks = request.cookies.get(cookie, "")
    started = known_browsers.sign_in(user, device(), marks, key, with_notice=with_notice)
    login = sessions.of(started.token)
    if login is None:
        raise NotAllowed
    login_user(Visitor(started.token, login))

    @after_this_request
    def keep_marks(response: Response) -> Response:
        response.set_cookie(
            cookie,
            started.marks,
            max_age=MARKS_LAST,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _marks_cookie() -> str:
    """The name of the cookie by which a browser is known again; only ever sent to this host."""
    is_secure = current_app.config["SESSION_COOKIE_SECURE"]
    return "__Host-docket-known" if is_secure else "docket-known"


def sign_out() -> None:
    """End this browser's session, here and in the database."""
    if current_user.is_authenticated:
        sessions.end(current_user.token)
    logout_user()
    session.clear()


def device() -> Device:
    """The browser that is asking."""
    return Device(name=request.user_agent.string, address=request.remote_addr or "")


def me() -> User:
    """The signed-in user. For views that are not public."""
    user: User = current_user.user
    return user


def my_patient() -> Patient:
    """The signed-in patient. Raises NotAllowed for anybody else."""
    if not current_user.is_authenticated or me().patient is None:
        raise NotAllowed
    return me().patient  # type: ignore[return-value]


def my_doctor() -> Doctor:
    """The signed-in doctor. Raises NotAllowed for anybody else."""
    if not current_user.is_authenticated or me().doctor is None:
        raise NotAllowed
    return me().doctor  # type: ignore[return-value]


def holder() -> Holder:
    """Who holds a time from here: the patient, if one is signed in, and this browser."""
    if BROWSER not in session:
        session[BROWSER] = secrets.token_urlsafe(24)
    patient = me().patient if current_user.is_authenticated else None
    key = str(current_app.secret_key).encode()
    address = hmac.new(key, (request.remote_addr or "").encode(), "sha256").hexdigest()
    return Holder(session[BROWSER], patient, address)


def signer() -> Signer:
    """What signs and reads the links of this installation."""
    return Signer(current_app.config["DOCKET"].secret_key)


def may_hold() -> bool:
    """Whether this browser may have a hold: it has chosen a time before, or a patient is in."""
    return BROWSER in session or (current_user.is_authenticated and me().patient is not None)


def may_open(role: Role, address: str) -> bool:
    """Whether there is a page at an address of this site, and people of this role may see it."""
    adapter = current_app.create_url_adapter(request)
    path = unquote(urlsplit(address).path)
    try:
        endpoint, _ = adapter.match(path, method="GET") if adapter else ("", {})
    except (HTTPException, RoutingException):
        return False
    access: Access | None = getattr(current_app.view_functions.get(endpoint), "access", None)
    return access is not None and (access.is_public or role in access.roles)


def init(app: Flask) -> None:
    """Put the gate on every request of `app`."""
    login_manager.init_app(app)
    login_manager.session_protection = None  # the session row is what protects
    login_manager.user_loader(_visitor)
    app.before_request(_gate)
    app.view_functions["static"] = public(app.view_functions["static"])


def login_first() -> Response:
    """Send somebody who is not signed in to the login page, and back here afterwards."""
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    if wants_fragment():
        back = None
    address = url_for("auth.login", next=back) if back else url_for("auth.login")
    response = see_other(address)
    if is_htmx():
        response.status_code = 401
    return response


def _visitor(token: str) -> Visitor | None:
    login = sessions.of(token)
    return Visitor(token, login) if login else None


def _gate() -> Response | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return None  # no such page: 404 or 405 follows
    access: Access | None = getattr(view, "access", None)
    if access is None:
        abort(403)
    g.is_private = not access.is_public
    if _has_to_choose_a_password():
        return see_other(url_for("auth.password"))
    if access.is_public:
        return None
    if not current_user.is_authenticated:
        return login_first()
    if me().role not in access.roles:
        raise NotAllowed
    if not getattr(view, "is_quiet", False):
        _touch(current_user.login)
    return None


def _has_to_choose_a_password() -> bool:
    if request.endpoint in BEFORE_NEW_PASSWORD or "_user_id" not in session:
        return False
    return current_user.is_authenticated and me().must_change_password


def _touch(login: LoginSession) -> None:
    if sessions.is_due_for_touch(login):
        try:
            sessions.touch(login.id)
        except Busy:
            current_app.logger.warning("A session could not be touched: the database is busy.")
