"""The tables that `make cost` prints and that the docs hold, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from benchmarks.cost.bill import NOTHING, Bill, Usage, bill
from benchmarks.cost.figures import Figure, read_calls, read_figures
from benchmarks.cost.idle import Resting, idle
from benchmarks.cost.prices import PriceTable, read
from benchmarks.cost.stack import ROOT, Stack
from benchmarks.cost.usage import Model
from benchmarks.cost.workload import Workload
from deploy.parameters import ENVIRONMENTS, read_environment

IDLE_BUDGET_USD = Fraction(1)

OWN_QDRANT = {"Qdrant": "ec2", "QdrantImage": "qdrant/qdrant@sha256:" + 64 * "0"}
"""The template's own host for the semantic cache."""

SIZES: Mapping[str, Workload] = {
    "a team": Workload(
        qps=Fraction(1, 50),
        daily_hours=Fraction(8),
        users=30,
    ),
    "a company": Workload(
        qps=Fraction(1), daily_hours=Fraction(10), users=1000, cache=True, cache_hits=Fraction(1, 5)
    ),
    "a public service": Workload(
        qps=Fraction(50),
        daily_hours=Fraction(24),
        users=10_000,
        cache=True,
        cache_hits=Fraction(1, 5),
        batch_size=10,
        maximum_concurrency=100,
    ),
}
"""The sizes of docs/deploy.md."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Everything that a report needs, read once."""

    table: PriceTable
    model: Model
    figures: Mapping[str, Figure]

    @classmethod
    def load(cls) -> Costs:
        """Read prices, figures and measured calls."""
        table, figures = read(), read_figures()
        return cls(table, Model(read_calls(), figures, table.month_hours), figures)

    def resting(self, overrides: Mapping[str, str] | None = None) -> list[Resting]:
        """What the stack costs at rest, resource by resource."""
        return idle(Stack.load(overrides), self.figures, self.table.month_hours)

    def ours(self, work: Workload) -> Bill:
        """A month of this design, with what it costs at rest and its host for Qdrant, if any."""
        resting = self.resting(OWN_QDRANT if work.cache else None)
        return bill(self.model.ours(work) + total(resting), self.table)

    def plain(self, work: Workload) -> Bill:
        """The same month of the plain design; it polls its queues and keeps its image alike."""
        rest = [r for r in self.resting() if "wakes" not in r.what]
        return bill(self.model.plain(work) + total(rest), self.table)


def total(resting: Iterable[Resting]) -> Usage:
    """Usage of everything at rest together."""
    return sum((r.usage for r in resting), NOTHING)


def month(costs: Costs, work: Workload) -> str:
    """A month by service, beside the plain design."""
    ours, plain = costs.ours(work), costs.plain(work)
    mine, theirs = ours.by_service(), plain.by_service()
    answers = work.answers(costs.table.month_hours)
    rows = [
        (service, usd(mine.get(service)), usd(theirs.get(service)))
        for service in dict.fromkeys([*mine, *theirs])
    ]
    rows.append(("**month**", f"**{usd(ours.usd)}**", f"**{usd(plain.usd)}**"))
    tokens = "Model tokens"
    rows.append(
        (
            "without model tokens",
            usd(ours.usd - mine.get(tokens, Fraction(0))),
            usd(plain.usd - theirs.get(tokens, Fraction(0))),
        )
    )
    if answers:
        rows.append(("per answer", fine(ours.usd / answers), fine(plain.usd / answers)))
    head = ("US dollars", "this design", "plain design")
    return table(head, rows)


def sizes(costs: Costs) -> str:
    """The three sizes of the deployment guide."""
    rows = []
    for name, work in SIZES.items():
        ours, plain = costs.ours(work), costs.plain(work)
        answers = work.answers(costs.table.month_hours)
        tokens = ours.by_service().get("Model tokens", Fraction(0))
        host = ours.by_service().get("Qdrant host", Fraction(0))
        rows.append(
            (
                name,
                f"{float(work.qps):g} a second, {float(work.daily_hours):g} h a day",
                f"{work.users:,}",
                f"{float(answers):,.0f}",
                usd(ours.usd - tokens - host),
                usd(host),
                usd(tokens),
                f"**{usd(ours.usd)}**",
                fine(ours.usd / answers),
                usd(plain.usd),
            )
        )
    head = (
        "size",
        "questions",
        "people connected",
        "answers a month",
        "AWS",
        "Qdrant host",
        "model tokens",
        "month",
        "per answer",
        "plain design",
    )
    return table(head, rows)


def sharing(costs: Costs, work: Workload) -> str:
    """What it saves that a worker carries several streams, by how many workers there may be."""
    model = costs.model
    offered = model.offered(replace(work, batch_size=1))
    alone = Sharing("1", replace(work, batch_size=1, maximum_concurrency=1000))
    rows = [alone]
    for share in (Fraction(1, 2), Fraction(1, 3)):
        workers = max(2, -(-(offered * share).numerator // (offered * share).denominator))
        shared = replace(work, batch_size=10, maximum_concurrency=workers)
        if not model.overloaded(shared):
            rows.append(Sharing(f"10, `MaximumConcurrency` {workers}", shared))
    lambdas = {row: costs.ours(row.work).by_service()["Lambda"] for row in rows}
    return table(
        (
            "`BatchSize`",
            "questions per invocation",
            "invocations at one time",
            "seconds of a worker billed per answer",
            "Lambda, USD a month",
            "saved",
        ),
        [
            (
                row.batch_size,
                f"{float(model.questions_per_invocation(row.work)):.1f}",
                f"{float(work.qps * model.worker_ms(row.work) / 1000):.0f}",
                f"{float(model.worker_ms(row.work) / 1000):.2f}",
                usd(lambdas[row]),
                "" if row is alone else f"{float(1 - lambdas[row] / lambdas[alone]):.0%}",
            )
            for row in rows
        ],
    )


@dataclass(frozen=True, slots=True)
class Sharing:
    """One row of ``sharing``."""

    batch_size: str
    work: Workload


def at_rest(costs: Costs, overrides: Mapping[str, str] | None = None) -> str:
    """What the stack costs when nobody asks, resource by resource."""
    resting = costs.resting(overrides)
    rows = [
        (f"`{r.name}`", r.what, fine(bill(r.usage, costs.table).usd), r.switch)
        for r in sorted(resting, key=lambda r: -bill(r.usage, costs.table).usd)
    ]
    listed, billed = (bill(total(resting), costs.table, free=free).usd for free in (False, True))
    rows.append(("**all**", "at list prices", f"**{fine(listed)}**", ""))
    rows.append(("", "beyond what every account has free", fine(billed), ""))
    return table(("resource", "what it does", "USD a month", "what switches it off"), rows)


def environments(costs: Costs) -> str:
    """What each environment costs at rest, as samconfig.toml sets it, and what most of it is."""
    rows = []
    for name in ENVIRONMENTS:
        overrides = read_environment(ROOT / "samconfig.toml", name).parameters
        resting = costs.resting(overrides)
        both = (bill(total(resting), costs.table, free=free).usd for free in (False, True))
        dearest = max(resting, key=lambda r: bill(r.usage, costs.table).usd)
        most = f"{dearest.what}, {fine(bill(dearest.usage, costs.table).usd)}"
        alarms = total(r for r in resting if r.what == "alarm")
        watched = fine(bill(alarms, costs.table).usd)
        rows.append((f"`{name}`", *(fine(amount) for amount in both), watched, most))
    head = ("environment", "at list prices", "beyond what is free", "alarms", "dearest")
    return table(head, rows)


def idle_verdict(costs: Costs, overrides: Mapping[str, str] | None = None) -> str:
    """One sentence: whether the budget of a dollar holds, and what to switch off if not."""
    resting = costs.resting(overrides)
    listed, billed = (bill(total(resting), costs.table, free=free).usd for free in (False, True))
    said = f"At rest {fine(listed)} USD a month, {fine(billed)} beyond what every account has free:"
    if billed <= IDLE_BUDGET_USD:
        return f"{said} within the budget of {usd(IDLE_BUDGET_USD)}."
    dearest = max(resting, key=lambda r: bill(r.usage, costs.table).usd)
    return (
        f"{said} above the budget of {usd(IDLE_BUDGET_USD)}. "
        f"First to go: {dearest.name} ({dearest.what}): {dearest.switch}."
    )


def answer(costs: Costs, work: Workload) -> str:
    """What one answer consists of, in the units that are billed."""
    model, calls = costs.model, costs.model.calls
    deltas, text = model.deltas(work), model.text_bytes(work)
    rows = [
        ("tokens of the prompt", f"{model.prompt_tokens(work):,}"),
        ("tokens of the answer", f"{work.answer_tokens:,}"),
        ("frames of text", f"{deltas:,}"),
        ("WebSocket messages", f"{calls.ask_messages + deltas + calls.other_posts:,}"),
        ("DynamoDB write units", f"{calls.ask_writes + calls.writes(deltas, text):,}"),
        ("seconds of a worker", f"{float(model.answer_ms(work) / 1000):.2f}"),
        ("streams at one time", f"{float(model.offered(work)):.1f}"),
        ("questions per invocation", f"{float(model.questions_per_invocation(work)):.2f}"),
    ]
    return table(("one answer", ""), rows)


def price_rows(costs: Costs) -> str:
    """The price table with dates and sources."""
    said = {"page": "provider's page", "copy": "copy of it", "no": "**not verified**"}
    rows = [
        (
            price.service,
            price.unit,
            f"{fine(price.usd * 1_000_000)} a million"
            if price.usd < Fraction(1, 1000)
            else fine(price.usd),
            price.as_of or "-",
            said[price.checked],
            price.source,
        )
        for price in costs.table.prices.values()
    ]
    return table(("service", "unit", "USD", "as of", "checked", "source"), rows)


def doubts(costs: Costs, *bills: Bill) -> list[str]:
    """What the figures rest on that nobody has measured or looked up."""
    keys = sorted({line.price.key for made in bills for line in made.unverified()})
    assumed = sorted(name for name, figure in costs.figures.items() if figure.kind == "assumed")
    found = [f"Prices not verified: {', '.join(keys)}."] if keys else []
    return [*found, f"Assumed, not measured on AWS: {', '.join(assumed)} (figures.toml)."]


def usd(amount: Fraction | None) -> str:
    """Dollars and cents."""
    return f"{_rounded(amount or Fraction(0), '0.01'):,}"


def fine(amount: Fraction) -> str:
    """Dollars with as many digits as a small price needs."""
    digits = "0.0001" if amount >= Fraction(1, 100) or not amount else "0.0000001"
    return f"{_rounded(amount, digits):,f}"


def _rounded(amount: Fraction, digits: str) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal(digits), ROUND_HALF_UP)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
