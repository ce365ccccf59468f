"""What an operator sets, read once from the environment.

Every setting has a default that works on a laptop. `Config.refusals` says, in words, why a
configuration may not serve the public; production refuses to start while it says anything.
What a clinic changes at run time is not here but in the database (`app/clinic`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
LAPTOP_SECRET = "for-a-laptop-only-not-for-the-public"  # noqa: S105 (refused in production)
STRIPE_PAGE = "https://checkout.stripe.com"
LONGEST_BODY = 2 * 1024 * 1024  # bytes of one request


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one process. Times are in seconds unless the name says otherwise."""

    instance: Path = ROOT / "instance"
    database_url: str = ""
    secret_key: str = LAPTOP_SECRET
    base_url: str = "http://127.0.0.1:8000"
    production: bool = False
    demo: bool = True
    trusted_proxies: int = 0
    rate_limits: bool = True
    rate_limit_storage: str = "memory://"
    mail_server: str = ""
    mail_port: int = 587
    mail_username: str = ""
    mail_password: str = field(default="", repr=False)
    mail_starttls: bool = True
    mail_sender: str = "Docket <no-reply@localhost>"
    mail_timeout: int = 15
    stripe_key: str = field(default="", repr=False)
    stripe_webhook_secret: str = field(default="", repr=False)
    stripe_address: str = ""  # of a sandbox that speaks Stripe's API; empty for Stripe itself
    database_pool: int = 5
    requests_at_once: int = 3

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The configuration that the environment describes.

        Raises ValueError, naming the variable, when a value cannot be read.
        """
        read = _Reader(environment)
        port = read.integer("PORT", 8000)
        return cls(
            instance=Path(read.text("INSTANCE_PATH", str(ROOT / "instance"))).resolve(),
            database_url=read.text("DATABASE_URL", ""),
            secret_key=read.text("SECRET_KEY", LAPTOP_SECRET),
            base_url=read.text("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            production=read.text("DOCKET_ENV", "laptop") == "production",
            demo=read.flag("DEMO", True),
            trusted_proxies=read.integer("TRUSTED_PROXIES", 0),
            rate_limits=read.flag("RATE_LIMITS", True),
            rate_limit_storage=read.text("RATE_LIMIT_STORAGE", "memory://"),
            mail_server=read.text("MAIL_SERVER", ""),
            mail_port=read.integer("MAIL_PORT", 587),
            mail_username=read.text("MAIL_USERNAME", ""),
            mail_password=read.text("MAIL_PASSWORD", ""),
            mail_starttls=read.flag("MAIL_STARTTLS", True),
            mail_sender=read.text("MAIL_SENDER", "Docket <no-reply@localhost>"),
            mail_timeout=read.integer("MAIL_TIMEOUT", 15),
            stripe_key=read.text("STRIPE_SECRET_KEY", ""),
            stripe_webhook_secret=read.text("STRIPE_WEBHOOK_SECRET", ""),
            stripe_address=read.text("STRIPE_ADDRESS", "").rstrip("/"),
            database_pool=read.integer("DATABASE_POOL", 5),
            requests_at_once=max(1, read.integer("REQUESTS_AT_ONCE", 3)),
        )

    @property
    def database_uri(self) -> str:
        """The address of the database: the given one, or SQLite in the instance folder."""
        return self.database_url or f"sqlite:///{self.instance / 'docket.sqlite3'}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_uri.startswith("sqlite")

    @property
    def is_secure(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def takes_payments(self) -> bool:
        """Whether patients can pay online here."""
        return bool(self.stripe_key and self.stripe_webhook_secret)

    @property
    def payment_page(self) -> str:
        """Where the pages are on which patients pay: scheme and host."""
        return self.stripe_address or STRIPE_PAGE

    def refusals(self) -> list[str]:
        """Why this configuration may not serve the public, one sentence each."""
        reasons = []
        if self.secret_key == LAPTOP_SECRET or len(self.secret_key) < 32:
            reasons.append("SECRET_KEY must be set to at least 32 random characters.")
        if not self.is_secure:
            reasons.append("BASE_URL must be the public https:// address.")
        if self.demo:
            reasons.append("DEMO must be 0: the demo clinic's password is public.")
        if self.mail_server and not self.mail_starttls:
            reasons.append("MAIL_STARTTLS must be on: mail would travel in the clear.")
        if self.stripe_key and not self.stripe_webhook_secret:
            reasons.append("STRIPE_WEBHOOK_SECRET must be set where STRIPE_SECRET_KEY is.")
        if self.stripe_address and not self.stripe_address.startswith("https://"):
            reasons.append("STRIPE_ADDRESS must be empty: a sandbox takes no real money.")
        return reasons

    def flask_settings(self) -> dict[str, Any]:
        """The same in the names that Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_uri,
            "SQLALCHEMY_ENGINE_OPTIONS": self._engine_options(),
            "TRUSTED_HOSTS": self._trusted_hosts(),
            "MAX_CONTENT_LENGTH": LONGEST_BODY,
            "MAX_FORM_MEMORY_SIZE": 256 * 1024,
            "MAX_FORM_PARTS": 2000,  # three for each visit type of a clinic
            "SESSION_COOKIE_NAME": "__Host-docket" if self.is_secure else "docket",
            "SESSION_COOKIE_SECURE": self.is_secure,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SEND_FILE_MAX_AGE_DEFAULT": 31536000,
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_SSL_STRICT": False,
            "RATELIMIT_ENABLED": self.rate_limits,
            "RATELIMIT_STORAGE_URI": self.rate_limit_storage,
            "MAIL_SERVER": self.mail_server or "localhost",
            "MAIL_PORT": self.mail_port,
            "MAIL_USERNAME": self.mail_username or None,
            "MAIL_PASSWORD": self.mail_password or None,
            "MAIL_USE_TLS": self.mail_starttls,
            "MAIL_DEFAULT_SENDER": self.mail_sender,
        }

    def _engine_options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {"connect_args": {"timeout": 5, "check_same_thread": False}}
        return {
            "pool_size": self.database_pool,
            "max_overflow": self.database_pool,
            "pool_timeout": 5,
            "pool_recycle": 1800,
            "pool_reset_on_return": None,  # sessions roll back themselves when they are closed
            "isolation_level": "READ COMMITTED",
            "connect_args": {
                "charset": "utf8mb4",
                "connect_timeout": 3,
                "read_timeout": 30,
                "write_timeout": 30,
                "init_command": "SET time_zone = '+00:00', innodb_lock_wait_timeout = 4",
            },
        }

    def _trusted_hosts(self) -> list[str]:
        """Hosts whose requests are answered; any other Host header gets a 400."""
        own = urlsplit(self.base_url).hostname or "localhost"
        return [own] if self.production else [own, "localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.environment.get(name, "").strip() or default

    def integer(self, name: str, default: int) -> int:
        given = self.text(name, str(default))
        if not (given.isascii() and given.isdigit()):
            raise ValueError(f"{name} must be a whole number, not {given!r}.")
        return int(given)

    def flag(self, name: str, default: bool) -> bool:
        given = self.text(name, "1" if default else "0").lower()
        if given in {"1", "true", "yes", "on"}:
            return True
        if given in {"0", "false", "no", "off"}:
            return False
        raise ValueError(f"{name} must be 1 or 0, not {given!r}.")
