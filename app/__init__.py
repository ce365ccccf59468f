"""Docket: patients book doctors. `create_app` puts the parts together, from top to bottom."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from app import database, error_pages, formats, headers, inputs, security
from app.extensions import csrf, db, limiter, mail, migrate
from app.turns import Turns
from config import LONGEST_BODY, ROOT, Config


def create_app(config: Config) -> Flask:
    """The application for one configuration.

    Raises RuntimeError, saying why, when a production configuration or its database is unsafe.
    """
    if config.production and (refusals := config.refusals()):
        raise RuntimeError("Docket does not start like this. " + " ".join(refusals))

    config.instance.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(config.instance))
    app.config.from_mapping(config.flask_settings(), DOCKET=config)

    database.init(app, config)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    limiter.init_app(app)
    mail.init_app(app)
    app.before_request(inputs.refuse_malformed)
    security.init(app)
    headers.init(app)
    error_pages.init(app)

    _register_blueprints(app)
    _register_commands(app)
    _dress_templates(app, config)
    _wrap(app, config)
    if config.production:
        _refuse_demo_accounts(app)
    return app


def _register_blueprints(app: Flask) -> None:
    from app.admin import bp as admin
    from app.auth import bp as auth
    from app.doctor import bp as doctor
    from app.patient import bp as patient
    from app.payments import bp as payments
    from app.site import bp as site

    for blueprint in (site, auth, patient, doctor, admin, payments):
        app.register_blueprint(blueprint)


def _register_commands(app: Flask) -> None:
    from app import commands

    commands.init(app)


def _refuse_demo_accounts(app: Flask) -> None:
    from app.demo.refusal import refuse_demo_accounts

    with app.app_context():
        refuse_demo_accounts()


def _dress_templates(app: Flask, config: Config) -> None:
    from app.clinic import settings

    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = _asset

    @app.context_processor
    def clinic() -> dict[str, Any]:
        return {
            "clinic": settings.current(),
            "demo": config.demo,
            "takes_payments": app.config["DOCKET"].takes_payments,
        }


@lru_cache(maxsize=256)
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _asset(name: str) -> str:
    """The address of a static file, with its digest, so that it can be cached for ever."""
    return url_for("static", filename=name, v=_digest(ROOT / "app" / "static" / name))


def _wrap(app: Flask, config: Config) -> None:
    app.wsgi_app = Turns(app.wsgi_app, config.requests_at_once, LONGEST_BODY)  # type: ignore[method-assign]
    files = WhiteNoise(app.wsgi_app, max_age=31536000, immutable_file_test=lambda *_: True)
    files.add_files(str(ROOT / "app" / "static"), prefix="static/")
    app.wsgi_app = files  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0
        )
