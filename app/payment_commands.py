"""What an operator types about payments: `flask --app wsgi payments …`."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from app.checkout import reconciling
from app.checkout.gateway import GatewayDown
from app.checkout.starting import till_of
from config import Config

SOMETHING_TO_LOOK_INTO, NO_ANSWER = 1, 2


@click.group()
def payments() -> None:
    """Look after the money."""


@payments.command()
@click.option("--days", type=click.IntRange(1, 400), help="How far to look back.")
@with_appcontext
def reconcile(days: int | None) -> None:
    """Compare our books with Stripe's, mend what is safe, and list what is not. Ends with 1 when
    something has to be looked into, and with 2 when Stripe does not answer."""
    config: Config = current_app.config["DOCKET"]
    if not config.takes_payments:
        raise click.ClickException("Online payment is switched off (STRIPE_SECRET_KEY).")
    try:
        result = reconciling.reconcile(till_of(config).gateway, days)
    except GatewayDown as fault:
        click.echo(f"Stripe does not answer: {fault.__cause__}", err=True)
        sys.exit(NO_ANSWER)
    click.echo(f"Since {result.since:%Y-%m-%d %H:%M} UTC")
    for what, number in sorted(result.looked_at.items()):
        click.echo(f"{number:>8} {what}")
    for word, findings in (("repaired", result.repaired), ("look into", result.problems)):
        for one in findings:
            click.echo(f"{word}  {one.what}  {one.payment or '-'}  {one.stripe_id}")
    click.echo(f"{len(result.repaired):>8} repaired")
    click.echo(f"{len(result.problems):>8} to look into")
    sys.exit(SOMETHING_TO_LOOK_INTO if result.problems else 0)
