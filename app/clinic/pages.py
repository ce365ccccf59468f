"""The texts that the clinic gives its public pages: written by admins, shown to everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.clinic import audit, history, markdown, revision
from app.clinic.markdown import Html
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.models import AuditEvent, PageSlug, Role, SitePage, User
from app.transaction import transactional

LONGEST = 15_000  # characters; of four bytes each they still fit into a TEXT column
NEVER_WRITTEN = 0
NOTHING = Html("")


class Unfit(ClinicError):
    """A text that cannot be shown; the sentence says why."""

    status = 422


@dataclass(frozen=True, slots=True)
class Written:
    """A page's text as it was typed; its version is 0 before it is first saved."""

    body: str = ""
    version: int = NEVER_WRITTEN


def written(slug: PageSlug) -> Written:
    """The text of a page, for who edits it."""
    page = db.session.get(SitePage, slug.value, populate_existing=True)
    return Written(page.body, page.version) if page is not None else Written()


def shown(slug: PageSlug) -> Html:
    """The text of a page as HTML; nothing where the clinic has written nothing."""
    return _rendered(revision.current()).get(slug, NOTHING)


def tidy(text: str) -> str:
    """The text with one kind of line end and nothing but text around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def complaint_about(text: str) -> str | None:
    """Why this text cannot be shown, in a sentence; nothing when it can."""
    if len(text) > LONGEST:
        return f"Use at most {LONGEST:,} characters; this has {len(text):,}."
    if markdown.has_pictures(text):
        return "Pictures cannot be shown here. Take the “!” away to make it a link."
    return None


@transactional
def save(slug: PageSlug, text: str, actor: User, *, version: int) -> None:
    """Store the text of a page; an empty one brings the page's own words back.

    Raises NotAllowed, Unfit, ChangedMeanwhile.
    """
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
    body = tidy(text)
    if complaint := complaint_about(body):
        raise Unfit(complaint)
    revision.bump()  # the lock of whoever changes a page, and what lets all processes read anew
    before = written(slug)
    if before.version != version:
        raise ChangedMeanwhile
    if before.body == body:
        return
    page = db.session.get(SitePage, slug.value)
    if page is None:
        page = SitePage(slug=slug.value, version=NEVER_WRITTEN)
        db.session.add(page)
    page.body = body
    page.version = before.version + 1
    audit.record(
        actor,
        "page.changed",
        page,
        name=slug.value,
        before={"text": before.body},
        after={"text": body},
    )


def changes(slug: PageSlug, most: int = 10) -> Sequence[AuditEvent]:
    """The latest changes of a page, the newest first."""
    return history.of("site_page", slug.number, most)


@revision.remembered(maxsize=2)
def _rendered(_: int) -> Mapping[PageSlug, Html]:
    texts = db.session.execute(select(SitePage.slug, SitePage.body))
    return {PageSlug(slug): markdown.render(body) for slug, body in texts}
