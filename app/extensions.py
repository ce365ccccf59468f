"""The extensions: made here, configured in `create_app`, never elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, registry

from app.mail_server import VerifiedMail
from app.types import UTCDateTime


class Base(DeclarativeBase):
    """What every table inherits: named constraints, UTC instants, one exact collation."""

    registry = registry(type_annotation_map={datetime: UTCDateTime()})
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    __table_args__: Any = {  # noqa: RUF012 (SQLAlchemy's own form)
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "mysql_collate": "utf8mb4_bin",
    }


# A use case begins in a fresh transaction and reads anew, so nothing need be forgotten at its end.
db = SQLAlchemy(
    model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False}
)
migrate = Migrate(render_as_batch=True, compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, strategy="moving-window", swallow_errors=False)
mail = VerifiedMail()
