"""`capacity`: from hits a second, or page views a month, to how many processes, cores and gigabytes."""

from dataclasses import asdict

import click

from tracker.cli.options import Amount, json_option
from tracker.cli.output import note, print_json, print_table
from tracker.diagnostics.capacity import SECONDS_A_MONTH, HitCosts, Load, advice, needs

_COLUMNS = ("of", "amount", "unit", "arithmetic")


@click.command()
@click.option("--hits-per-second", type=Amount(0, 1e9, min_open=True), help="On average over a day.")
@click.option("--page-views-per-month", type=Amount(0, 1e15, min_open=True), help="The same by the month.")
@click.option(
    "--sites", type=click.IntRange(1, 10**9), default=1, show_default=True, help="Applications that send hits."
)
@click.option(
    "--peak",
    type=Amount(1, 1000),
    default=5.0,
    show_default=True,
    help="How many times the average the busiest seconds are.",
)
@click.option(
    "--utilisation",
    type=Amount(0.05, 1),
    default=0.6,
    show_default=True,
    help="How full a core may be at the peak.",
)
@click.option(
    "--speed",
    type=Amount(0.1, 1000),
    default=1.0,
    show_default=True,
    help="A core of yours, compared with the one that was measured (docs/capacity.md).",
)
@click.option("--retention-months", type=click.IntRange(1, 1200), default=24, show_default=True, help="Months kept.")
@json_option
def capacity(
    *,
    hits_per_second: float | None,
    page_views_per_month: float | None,
    sites: int,
    peak: float,
    utilisation: float,
    speed: float,
    retention_months: int,
    as_json: bool,
) -> None:
    """Say how many processes, cores and gigabytes a load needs, with the arithmetic. Asks no server."""
    if (hits_per_second is None) == (page_views_per_month is None):
        raise click.UsageError("Give either --hits-per-second or --page-views-per-month.")
    average = hits_per_second if hits_per_second is not None else (page_views_per_month or 0) / SECONDS_A_MONTH
    load = Load(hits_per_second=average, peak_factor=peak, sites=sites, retention_months=retention_months)
    costs = HitCosts()
    needed = needs(load, costs, utilisation=utilisation, relative_speed=speed)
    sentences = advice(load, needed)
    if as_json:
        print_json(
            {
                "load": {**asdict(load), "peak_hits_per_second": load.peak},
                "costs": asdict(costs),
                "needs": [asdict(need) for need in needed],
                "advice": sentences,
            }
        )
        return
    print_table(_COLUMNS, [{**asdict(need), "amount": f"{need.amount:,.12g}"} for need in needed], empty="")
    for sentence in sentences:
        note(sentence)
