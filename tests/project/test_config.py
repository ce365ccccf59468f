"""What an operator may set, and what production refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app import create_app
from config import Config
from tests.databases import an_app
from tests.project.house import PARTIAL

SAFE = Config(
    instance=Path("/nonexistent"),
    secret_key="x" * 40,
    base_url="https://docket.example",
    production=True,
    demo=False,
)


def test_a_safe_configuration_is_not_refused() -> None:
    assert SAFE.refusals() == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"secret_key": Config().secret_key}, "SECRET_KEY"),
        ({"secret_key": "short"}, "SECRET_KEY"),
        ({"base_url": "http://docket.example"}, "BASE_URL"),
        ({"demo": True}, "DEMO"),
        ({"mail_server": "mail.example", "mail_starttls": False}, "MAIL_STARTTLS"),
    ],
)
def test_production_refuses_to_start_unsafely_and_says_why(
    change: dict[str, object], word: str, tmp_path: Path
) -> None:
    unsafe = replace(SAFE, instance=tmp_path / "instance", **change)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=word):
        create_app(unsafe)
    assert not (tmp_path / "instance").exists()


def test_production_sends_its_cookie_over_tls_only_and_says_so(tmp_path: Path) -> None:
    app = an_app(tmp_path, secret_key=SAFE.secret_key, base_url=SAFE.base_url, production=True)
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert app.config["TRUSTED_HOSTS"] == ["docket.example"]
    answer = app.test_client().get("/no-such-page/", base_url="https://docket.example")
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    stranger = app.test_client().get("/no-such-page/", base_url="https://127.0.0.1")
    assert stranger.status_code == 400


def test_the_environment_is_read_strictly() -> None:
    assert Config.from_environment({}).demo is True
    assert Config.from_environment({"DEMO": "0", "PORT": "9000"}).base_url.endswith(":9000")
    with pytest.raises(ValueError, match="DEMO"):
        Config.from_environment({"DEMO": "perhaps"})
    with pytest.raises(ValueError, match="PORT"):
        Config.from_environment({"PORT": "８０００"})


def test_without_a_database_everybody_is_told_to_try_again(tmp_path: Path) -> None:
    nowhere = "mysql+pymysql://docket@127.0.0.1:1/docket"
    app = create_app(Config(instance=tmp_path, database_url=nowhere, demo=False))
    for headers in ({}, PARTIAL):
        for path in ("/appointment/", "/no-such-page/"):
            answer = app.test_client().get(path, headers=headers, base_url="http://127.0.0.1")
            assert answer.status_code == 503, path
            assert answer.headers["Retry-After"]
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
