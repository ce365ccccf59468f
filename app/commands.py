"""What an operator types: `flask --app wsgi …`."""

from __future__ import annotations

import logging
import sys
from email.utils import parseaddr
from smtplib import SMTPException

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.accounts import addresses, admins, names
from app.errors import ClinicError
from app.mail_server import Unavailable
from app.messaging import mishaps, proof
from app.messaging.delivery import NotAnAddress
from app.payment_commands import payments
from app.scheduling.soundness import count_faults
from app.worker import Worker, post_of
from config import Config


def init(app: Flask) -> None:
    """Register the commands."""
    for command in (worker, create_admin, check, check_claims, payments):
        app.cli.add_command(command)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@with_appcontext
def worker(once: bool) -> None:
    """Send the mail that waits and keep house, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    one = Worker(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    if once:
        sys.exit(1 if one.once().failed else 0)
    one.run()


def _an_address(_: click.Context, __: click.Parameter, given: str) -> str:
    try:
        return addresses.normalised(given)
    except addresses.NotAnAddress as refusal:
        raise click.BadParameter(refusal.sentence) from refusal


def _a_name(_: click.Context, __: click.Parameter, given: str) -> str:
    name = names.tidy(given)
    if complaint := names.complaint_about_name(name):
        raise click.BadParameter(complaint)
    return name


@click.command("create-admin")
@click.option("--email", prompt="E-mail address", callback=_an_address)
@click.option("--name", prompt="Name", callback=_a_name)
@with_appcontext
def create_admin(email: str, name: str) -> None:
    """Make an admin. The password is asked for, or read from standard input when that is a pipe."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        admins.create(name, email, password)
    except ClinicError as refusal:
        raise click.ClickException(refusal.sentence) from refusal
    click.echo(f"{name} is an admin and can sign in as {email}.")


@click.command("check-claims")
@with_appcontext
def check_claims() -> None:
    """Count what should never be: visits that overlap, claims that are missing or left over."""
    faults = count_faults()
    for number, what in (
        (faults.overlapping, "pairs of visits overlap in a doctor's time"),
        (faults.overlapping_for_patients, "pairs of visits overlap in a patient's time"),
        (faults.missing, "visits lack claims"),
        (faults.orphaned, "claims belong to no visit"),
    ):
        click.echo(f"{number:>8} {what}")
    sys.exit(0 if faults.none else 1)


@click.group("check")
def check() -> None:
    """Prove that a part of this installation works."""


@check.command("mail")
@click.option("--to", "given", help="Whom to write to; the sender, unless told.")
@with_appcontext
def check_mail(given: str | None) -> None:
    """Send one real message by the mail settings, or say what is wrong with them."""
    config: Config = current_app.config["DOCKET"]
    own = config.mail_username if "@" in config.mail_username else config.mail_sender
    recipient = given or parseaddr(own)[1]
    if config.mail_server:
        click.echo(f"Sending a message to {recipient} by {config.mail_server}:{config.mail_port}.")
    try:
        with post_of(config) as post:
            post.send(proof.write(post, recipient))
    except (Unavailable, SMTPException, NotAnAddress) as fault:
        why, what_now = mishaps.in_words(fault), proof.advice(fault, config.mail_server)
        raise click.ClickException(f"{why}.\n{what_now}".strip()) from fault
    if config.mail_server:
        click.echo("The mail server has taken it. Look into the mailbox, and among the spam.")
    else:
        click.echo("No mail server is set (MAIL_SERVER), so messages become files.")
        click.echo(f"This one is in {config.instance / 'mail'}")


check.add_command(check_claims, "claims")
