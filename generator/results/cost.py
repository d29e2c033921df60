"""What a million samples cost: the price of the machine, which is an input, over its measured throughput."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.core.prices import Price
from generator.core.record import SystemDescription
from generator.results.estimate import Spread, Unknown

SAMPLES = 1_000_000
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a million samples, in the price's currency."""

    per_million: Spread
    """Over the blocks: the least is that of the fastest block."""

    price: Price
    """The input; its source and day must stand beside the cost."""


def cost(samples_per_second: Spread | None, system: SystemDescription, prices: Sequence[Price]) -> Cost | Unknown:
    """Cost of a million samples on the record's machine.

    The whole machine is paid for, also where a variant uses one core of several.

    Args:
        samples_per_second: of the variant over the blocks; None where it was not timed.
        system: the machine.
        prices: what is known of machines' prices.
    """
    if samples_per_second is None:
        return Unknown("cost-not-timed")
    price = next((one for one in prices if system.fingerprint() in one.machines), None)
    if price is None:
        return Unknown("cost-no-price")
    per_second = price.price_per_hour / SECONDS_PER_HOUR / price.utilisation

    def of(rate: float) -> float:
        return per_second / rate * SAMPLES

    rates = samples_per_second
    return Cost(Spread(of(rates.median), of(rates.most), of(rates.least)), price)
