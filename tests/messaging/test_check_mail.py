"""`flask check mail` proves the mail settings by one message, or says what is wrong with them."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from smtplib import SMTPAuthenticationError

import pytest
import trustme
from click.testing import Result
from flask import Flask

from app import create_app
from app.mail_server import Unavailable
from app.messaging import proof
from tests.messaging.mail_servers import Mood, a_mail_server, writing_to


def check(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["check", "mail", *options])


@pytest.mark.usefixtures("trusted")
def test_a_configuration_is_proved_by_one_message(app: Flask, authority, port) -> None:
    with a_mail_server(authority, Mood(), port) as server:
        answer = check(writing_to(app, port), "--to", "ines@example.org")
    assert answer.exit_code == 0
    assert "The mail server has taken it" in answer.output
    assert [email["To"] for email in server.taken] == ["ines@example.org"]
    assert server.taken[0]["Subject"] == "Docket can send e-mail"


@pytest.mark.usefixtures("trusted")
def test_without_a_recipient_the_message_goes_to_the_sender(app: Flask, authority, port) -> None:
    with a_mail_server(authority, Mood(), port) as server:
        check(writing_to(app, port, mail_sender="Docket <desk@clinic.example>"))
    assert server.taken[0]["To"] == "desk@clinic.example"


def test_without_a_mail_server_the_message_is_a_file(app: Flask, tmp_path: Path) -> None:
    answer = check(create_app(replace(app.config["DOCKET"], instance=tmp_path)))
    assert answer.exit_code == 0
    assert "messages become files" in answer.output
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1


def test_a_name_that_nobody_knows_is_said(app: Flask, port) -> None:
    answer = check(writing_to(app, port, mail_server="nowhere.invalid"))
    assert answer.exit_code == 1
    assert "No mail server of this name is known" in answer.output
    assert "Check MAIL_SERVER" in answer.output


def test_a_port_at_which_nobody_listens_is_said(app: Flask, port) -> None:
    answer = check(writing_to(app, port))
    assert answer.exit_code == 1
    assert "the connection was refused" in answer.output
    assert "MAIL_PORT" in answer.output


def test_a_server_that_does_not_answer_is_said(app: Flask, port) -> None:
    with closing(socket.create_server(("127.0.0.1", port))):
        answer = check(writing_to(app, port, mail_timeout=1))
    assert answer.exit_code == 1
    assert "timed out" in answer.output
    assert "firewall" in answer.output


def test_a_certificate_of_a_stranger_is_said(app: Flask, port) -> None:
    with a_mail_server(trustme.CA(), Mood(), port):
        answer = check(writing_to(app, port))
    assert answer.exit_code == 1
    assert "certificate is not trusted" in answer.output
    assert "SSL_CERT_FILE" in answer.output


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said(app: Flask, authority, port) -> None:
    with a_mail_server(authority, Mood(), port):
        answer = check(writing_to(app, port, mail_password="another"))
    assert answer.exit_code == 1
    assert "refuses the user name or the password: 535" in answer.output
    assert "Check MAIL_USERNAME and MAIL_PASSWORD." in answer.output


def test_gmail_s_refusal_is_answered_with_the_app_password() -> None:
    refused = Unavailable()
    refused.__cause__ = SMTPAuthenticationError(535, b"5.7.8 Username and Password not accepted.")
    assert "app password" in proof.advice(refused, "smtp.gmail.com")
    assert "app password" not in proof.advice(refused, "mail.clinic.example")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("mood", "said"),
    [
        (Mood(to_sender="553 Not your address"), "MAIL_SENDER"),
        (Mood(to_sender="530 Log in first"), "MAIL_USERNAME"),
        (Mood(to_recipient="550 Relaying denied"), "550 Relaying denied"),
        (Mood(to_content="554 Looks like spam"), "refuses the message: 554 Looks like spam"),
    ],
)
def test_what_the_server_refuses_is_said(app: Flask, authority, port, mood, said: str) -> None:
    with a_mail_server(authority, mood, port):
        answer = check(writing_to(app, port))
    assert answer.exit_code == 1
    assert said in answer.output


@pytest.mark.parametrize("recipient", ["nobody", "a@b.example, c@d.example", "a@", "@", ""])
def test_what_is_no_address_is_said(app: Flask, recipient: str) -> None:
    answer = check(app, f"--to={recipient}" if recipient else "--to= ")
    assert answer.exit_code == 1
    assert "is no address" in answer.output
