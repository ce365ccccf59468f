"""What people do on the pages about accounts."""

from __future__ import annotations

from app.extensions import Base, db
from tests.builders import PASSWORD
from tests.pages import ORIGIN, Form, Page, Visitor

JANE = "jane@example.org"
FRESH = "an entirely new pass phrase"


def form_to(page: Page, path: str) -> Form:
    """The page's form that is sent to a path, whatever its query."""
    return next(form for form in page.forms if form.action.partition("?")[0] == path)


def log_in(visitor: Visitor, email: str, password: str = PASSWORD, *, at: str = "/login/") -> Page:
    """Fill in the login page at an address and send it; where the answer leads is not followed."""
    form = form_to(visitor.get(at), "/login/")
    return visitor.submit(form, follow=False, email=email, password=password)


def register(visitor: Visitor, email: str = JANE, *, at: str = "/register/", **more: str) -> Page:
    """The same with the patients' registration."""
    form = form_to(visitor.get(at), "/register/")
    values = {"name": "Jane Doe", "email": email, "password": PASSWORD, **more}
    return visitor.submit(form, follow=False, **values)


def cookie_of(visitor: Visitor) -> str:
    """The browser's session cookie, as a thief would copy it."""
    cookie = visitor.client.get_cookie("docket", domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def with_cookie(thief: Visitor, value: str) -> Visitor:
    """A browser with a copied session cookie in it."""
    thief.client.set_cookie("docket", value, domain="127.0.0.1")
    return thief


def is_in(visitor: Visitor) -> bool:
    """Whether a page behind the login opens; if not, it must lead to the login page."""
    response = visitor.client.get("/profile/", base_url=ORIGIN)
    assert response.status_code == 200 or response.location.startswith("/login/")
    return response.status_code == 200


def token_in(visitor: Visitor) -> str:
    """The login token inside the session cookie."""
    with visitor.client.session_transaction(base_url=ORIGIN) as session:
        return str(session.get("_user_id", ""))


def see_again(row: Base) -> None:
    """Read a row as it is now, after what browsers did."""
    db.session.rollback()
    db.session.refresh(row)
