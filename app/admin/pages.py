"""The clinic's own texts on its public pages: written with a preview, and with their history."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import StopValidation

from app.admin import bp
from app.admin.asked import LARGEST_VERSION, chosen
from app.admin.settings import name_of_last
from app.clinic import markdown, pages
from app.conflicts import Difference
from app.errors import ChangedMeanwhile, NotFound
from app.htmx import respond, see_other
from app.inputs import a_number
from app.models import PageSlug, Role
from app.security import me, only

TITLES = {PageSlug.HOME: "Home", PageSlug.ABOUT: "About us", PageSlug.CONTACT: "Contact"}
PLACES = {
    PageSlug.HOME: "Below the search, on the first page that people see.",
    PageSlug.ABOUT: "A page of its own. Left empty, it lists what the clinic offers.",
    PageSlug.CONTACT: "Above the telephone number, the addresses and the ways to get there, which "
    "come from the settings and the locations.",
}
ADDRESSES = {
    PageSlug.HOME: "site.home",
    PageSlug.ABOUT: "site.about",
    PageSlug.CONTACT: "site.contact",
}


class MarkdownField(TextAreaField):
    """A text that a page can show."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = pages.tidy(self.data or "")

    def pre_validate(self, form: Any) -> None:
        if complaint := pages.complaint_about(self.data or ""):
            raise StopValidation(complaint)


class PageForm(FlaskForm):
    body = MarkdownField("Text")
    version = HiddenField()


@bp.get("/admin/pages/", endpoint="pages")
@only(Role.ADMIN)
def all_pages() -> Response:
    """The pages that hold a text of the clinic's own."""
    page = render_template(
        "admin/pages.html",
        written={slug: pages.written(slug) for slug in PageSlug},
        titles=TITLES,
        places=PLACES,
        addresses=ADDRESSES,
    )
    return make_response(page)


@bp.get("/admin/pages/<slug>/")
@only(Role.ADMIN)
def page(slug: str) -> Response:
    """One page's text, to be changed."""
    found = _known(slug)
    now = pages.written(found)
    return _page(found, PageForm(body=now.body, version=str(now.version)))


@bp.post("/admin/pages/<slug>/")
@only(Role.ADMIN)
def page_now(slug: str) -> Response:
    """Keep the text, and show it to everybody."""
    found, form = _known(slug), PageForm()
    version = a_number(form.version.data, 0, LARGEST_VERSION)
    if not form.validate_on_submit() or version is None:
        return _page(found, form, 422)
    try:
        pages.save(found, form.body.data, me(), version=version)
    except ChangedMeanwhile as refused:
        now = pages.written(found)
        form.version.data = str(now.version)
        theirs = [Difference("Text", now.body, form.body.data)]
        if now.body == form.body.data:
            theirs = []
        return _page(found, form, refused.status, theirs=theirs)
    flash(f"“{TITLES[found]}” is saved, and everybody sees it now.", "success")
    return see_other(url_for("admin.page", slug=found.value))


@bp.post("/admin/pages/<slug>/preview/")
@only(Role.ADMIN)
def page_preview(slug: str) -> Response:
    """The text as it would look; nothing is stored."""
    found, form = _known(slug), PageForm()
    status = 200 if form.validate_on_submit() else 422
    return _page(found, form, status)


def _known(slug: str) -> PageSlug:
    found = chosen(PageSlug, slug)
    if found is None:
        raise NotFound("There is no such page.")
    return found


def _page(
    slug: PageSlug, form: PageForm, status: int = 200, *, theirs: list[Difference] | None = None
) -> Response:
    changes = pages.changes(slug)
    return respond(
        "admin/page.html",
        "admin/_page_preview.html",
        status=status,
        slug=slug,
        form=form,
        preview=markdown.render((form.body.data or "")[: pages.LONGEST]),
        title=TITLES[slug],
        place=PLACES[slug],
        address=url_for(ADDRESSES[slug]),
        theirs=theirs,
        who=name_of_last(changes),
        changes=changes,
    )
