from __future__ import annotations

from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class PageSlug(StrEnum):
    """The public pages that hold a text of the clinic's own."""

    HOME = "home"
    ABOUT = "about"
    CONTACT = "contact"

    @property
    def number(self) -> int:
        """What the audit trail knows the page by."""
        return list(PageSlug).index(self) + 1


class SitePage(Base):
    """What the clinic says of itself on one of its public pages, in Markdown."""

    __tablename__ = "site_pages"

    slug: Mapped[str] = mapped_column(String(20), primary_key=True)
    body: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)

    @property
    def id(self) -> int:
        return PageSlug(self.slug).number
