from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class Setting(Base):
    """What a clinic changes at run time; `app/clinic/settings.py` knows the names and defaults."""

    __tablename__ = "settings"
    shapes_openings = True

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class Revision(Base):
    """A counter that rises with every change to what openings are made of.

    A booking holds its row shared and such a change holds it exclusively, so that neither passes
    the other unseen; caches carry its number.
    """

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int]
