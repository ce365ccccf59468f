from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class SitePage(Base):
    """What the clinic says of itself on one of its public pages, in Markdown."""

    __tablename__ = "site_pages"

    slug: Mapped[str] = mapped_column(String(20), primary_key=True)
    body: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
