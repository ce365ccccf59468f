"""What an operator types: `flask --app wsgi …`."""

from __future__ import annotations

import logging
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.accounts import addresses, admins, names
from app.errors import ClinicError
from app.scheduling.soundness import count_faults
from app.worker import Worker


def init(app: Flask) -> None:
    """Register the commands."""
    for command in (worker, create_admin, check_claims):
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
