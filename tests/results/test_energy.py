"""energy, cost, memory: from windows, prices and workers whose numbers are chosen."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.core.definition import CONTROL
from generator.core.errors import DefinitionError
from generator.core.prices import Price, load_prices
from generator.core.record import Block, EnergyCounter, EnergyRecord, EnergyWindow, SystemDescription, WorkerStart
from generator.results.cost import Cost, cost
from generator.results.energy import energy, energy_estimate
from generator.results.estimate import Spread, Unknown
from generator.results.memory import memory
from tests.core.test_protocol import make_block

START = datetime(2026, 11, 23, tzinfo=UTC)
TRUSTED = EnergyCounter(domain="package-0", source="RAPL", idle_watts=(10.0,) * 5, busy_watts=(30.0,) * 5)


class _Record:
    """What energy looks at in a record."""

    def __init__(self, found: EnergyRecord | None) -> None:
        self.energy = found


def _window(variant: str | None, joules: float, samples: int, domain: str = "package-0") -> EnergyWindow:
    return EnergyWindow(
        variant=variant, started_at=START, wall_ns=2_000_000_000, samples=samples, joules={domain: joules}
    )


def _block(index: int, factor: float = 1.0, **joules: tuple[float, int]) -> Block:
    windows = [_window(name, factor * j, n) for name, (j, n) in joules.items()]
    made = make_block({"base": [1], "fast": [1]}, index=index)
    return made.model_copy(update={"energy": (*windows, _window(None, factor * 20.0, 0))})


def _blocks(count: int = 6) -> list[Block]:
    return [_block(k, 1 + 0.01 * k, base=(100, 1000), fast=(60, 2000)) for k in range(count)]


def _energy(found: EnergyRecord | None, blocks: list[Block], variant: str = "fast") -> Any:
    return energy(_Record(found), blocks, variant, "base")  # type: ignore[arg-type]


def test_energy_a_sample_is_given_gross_and_above_idle() -> None:
    """100 J in 2 s for 1,000 samples is 0.1 J each; idle at 10 W takes 20 J of them."""
    (base,) = _energy(EnergyRecord(counters=(TRUSTED,), unknown=None), _blocks(1), "base")
    assert base.gross_joules.median == pytest.approx(0.1)
    assert base.net_joules.median == pytest.approx(0.08)
    assert (base.watts.median, base.idle_watts.median) == pytest.approx((50, 10))
    assert (base.saving, base.domain, base.source) == (None, "package-0", "RAPL")


def test_saving_is_a_ratio_within_blocks_with_its_interval() -> None:
    """0.1 J against 0.03 J in every block is 10 / 3 exactly, though the blocks drift; the interval keeps the floor."""
    (fast,) = _energy(EnergyRecord(counters=(TRUSTED,), unknown=None), _blocks())
    assert fast.saving.point == pytest.approx(0.1 / 0.03)
    assert fast.saving.interval.low == pytest.approx(0.1 / 0.03 * math.exp(-0.005))
    assert fast.net_saving.point == pytest.approx(0.08 / 0.02)
    assert fast.gross_joules == pytest.approx(
        Spread(0.03075, 0.03, 0.0315)
    ) or fast.gross_joules.least == pytest.approx(0.03)


def test_one_block_has_no_saving_and_no_more_than_idle_has_no_net_saving() -> None:
    """A ratio needs two blocks; a ratio of what is not above idle means nothing."""
    trusted = EnergyRecord(counters=(TRUSTED,), unknown=None)
    assert _energy(trusted, _blocks(1))[0].saving is None
    idle = [_block(k, base=(100, 1000), fast=(20, 2000)) for k in range(6)]
    assert _energy(trusted, idle)[0].net_saving is None
    assert _energy(trusted, idle)[0].saving is not None


CARD = EnergyCounter(domain="gpu-0", source="NVML", idle_watts=(80.0,) * 5, busy_watts=(400.0,) * 5)


class _OnCard(_Record):
    """A record in which "fast" computes on a card, and the baseline beside it on the processor."""

    def variant(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(options={"device": "cuda"} if name == "fast" else {})


def test_a_cards_energy_is_not_the_processors() -> None:
    """An idle card's joules would else be the price of what the processor did; and no ratio is formed with them."""
    blocks = [
        block.model_copy(
            update={
                "energy": tuple(
                    one.model_copy(update={"joules": {"gpu-0": 2 * one.joules["package-0"], **one.joules}})
                    for one in block.energy
                )
            }
        )
        for block in _blocks()
    ]
    found = _OnCard(EnergyRecord(counters=(TRUSTED, CARD), unknown=None))
    (base,) = energy(found, blocks, "base", "base")  # type: ignore[arg-type, misc]
    package, card = energy(found, blocks, "fast", "base")  # type: ignore[arg-type, misc]
    assert (base.domain, package.domain, card.domain) == ("package-0", "package-0", "gpu-0")
    assert package.saving is not None
    assert card.saving is None
    alone = energy(_OnCard(EnergyRecord(counters=(CARD,), unknown=None)), blocks, CONTROL, "base")  # type: ignore[arg-type]
    assert isinstance(alone, Unknown)
    assert alone.key == "energy-counter-elsewhere"


REFUSED = TRUSTED.model_copy(update={"refused": "it does not follow the load", "busy_watts": TRUSTED.idle_watts})
LOST = TRUSTED.model_copy(update={"refused": "it could not be read: gone"})


@pytest.mark.parametrize(
    ("found", "blocks", "key"),
    [
        (None, _blocks(), "energy-not-recorded"),
        (EnergyRecord(unknown="no counter on this system"), _blocks(), "energy-no-counter"),
        (EnergyRecord(counters=(REFUSED,), unknown="package-0: it does not follow the load"), _blocks(), "energy-counter-refused"),
        (EnergyRecord(counters=(REFUSED, LOST), unknown="package-0: it could not be read: gone"), _blocks(), "energy-counter-lost"),
        (EnergyRecord(counters=(TRUSTED,), unknown=None), [make_block({"base": [1]})], "energy-not-timed"),
    ],
    ids=["old record", "no counter", "refused", "lost", "no window"],
)  # fmt: skip
def test_without_a_trusted_counter_there_is_no_energy_but_a_reason(
    found: EnergyRecord | None, blocks: list[Block], key: str
) -> None:
    """A refused counter's joules are not shown, though the blocks may hold some."""
    given = _energy(found, blocks)
    assert isinstance(given, Unknown)
    assert given.key == key


def test_the_baseline_against_itself_can_be_looked_at() -> None:
    """The control's window is compared like any variant's."""
    blocks = [_block(k, **{"base": (100, 1000), CONTROL: (100, 1000)}) for k in range(6)]  # type: ignore[arg-type]
    (control,) = _energy(EnergyRecord(counters=(TRUSTED,), unknown=None), blocks, CONTROL)
    assert control.saving.interval.contains(1.0)


def test_a_persons_watts_make_an_estimate_apart_from_what_is_measured() -> None:
    """2 ms of processor time at 5 W a core are 10 mJ; without watts there is no estimate, and energy stays unknown."""
    record = _Record(EnergyRecord(unknown="no counter on this system", watts_per_core=5.0))
    found = energy_estimate(record, Spread(0.002, 0.001, 0.003))  # type: ignore[arg-type]
    assert found is not None
    assert found.joules.median == pytest.approx(0.01)
    assert isinstance(energy(record, _blocks(), "fast", "base"), Unknown)  # type: ignore[arg-type]
    without = _Record(EnergyRecord(unknown="no counter on this system"))
    assert energy_estimate(without, Spread(1, 1, 1)) is None  # type: ignore[arg-type]


def _price(machine: str, **changes: Any) -> Price:
    fields = {
        "name": "rented", "machines": (machine,), "currency": "USD", "price_per_hour": 0.36, "utilisation": 0.5,
        "source": "https://example.com", "utilisation_source": "assumed", "seen": date(2026, 11, 1),
    }  # fmt: skip
    return Price.model_validate({**fields, **changes})


def test_cost_is_price_over_throughput_and_utilisation(system: SystemDescription) -> None:
    """0.36 an hour is 0.0001 a second; at 100 samples a second and half the time idle, a million cost 2."""
    found = cost(Spread(100, 80, 200), system, [_price("0" * 12), _price(system.fingerprint())])
    assert isinstance(found, Cost)
    assert found.per_million.median == pytest.approx(2)
    assert (found.per_million.least, found.per_million.most) == pytest.approx((1, 2.5))
    assert found.price.machines == (system.fingerprint(),)


def test_without_a_price_of_this_machine_there_is_no_cost(system: SystemDescription) -> None:
    """The price of another machine is not taken for it."""
    assert cost(Spread(1, 1, 1), system, [_price("0" * 12)]) == Unknown("cost-no-price")
    assert cost(None, system, [_price(system.fingerprint())]) == Unknown("cost-not-timed")


PRICES = """
schema_version = 1
[[prices]]
name = "rented"
machines = ["0123456789ab"]
currency = "USD"
price_per_hour = 0.1
utilisation = 0.5
source = "https://example.com"
utilisation_source = "assumed"
seen = 2026-11-01
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            PRICES.replace("price_per_hour = 0.1", "price_per_hour = 0"),
            "prices no. 1: price_per_hour: .*greater than 0",
        ),
        (PRICES.replace("utilisation = 0.5", "utilisation = 1.5"), "utilisation: .*less than or equal to 1"),
        (PRICES.replace('source = "https://example.com"\n', "", 1), "prices no. 1: the key 'source' is missing"),
        (PRICES.replace("seen", "sen"), "unknown key 'sen'. Did you mean 'seen'"),
        (PRICES.replace("USD", "dollars"), "currency: .*pattern"),
        (PRICES + PRICES.replace("schema_version = 1", ""), "the machine 0123456789ab has two prices; keep one"),
        (PRICES.replace("schema_version = 1", "schema_version = 2"), "schema_version: "),
        ("[[prices", "is not TOML"),
    ],
    ids=["free", "more than all", "no source", "typing error", "no currency", "two prices", "version", "no TOML"],
)
def test_a_wrong_price_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """A price needs its source and its day."""
    (tmp_path / "prices.toml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError, match=message):
        load_prices(tmp_path / "prices.toml")


def test_prices_are_read_and_none_is_no_error(tmp_path: Path) -> None:
    """The file that we ship gives no price: none was found for such a machine, and none is made up."""
    assert load_prices(tmp_path / "prices.toml") == ()
    (tmp_path / "prices.toml").write_text(PRICES, "utf-8")
    assert load_prices(tmp_path / "prices.toml")[0].price_per_hour == 0.1
    assert load_prices(Path(__file__).parents[2] / "measurements" / "prices.toml") == ()


def _start(**changes: Any) -> WorkerStart:
    fields = {
        "variant": "v", "load_ns": 1, "first_call_ns": 1, "warm_up_ns": 1, "warm_up_queries": 1,
        "peak_rss_bytes": 300, "rss_before_load_bytes": 100,
    }  # fmt: skip
    return WorkerStart.model_validate({**fields, **changes})


def test_memory_is_a_spread_over_starts_or_a_reason() -> None:
    """Peak above the process's own baseline; proportional size as held; what the system does not tell has a reason."""
    found = memory([_start(pss_bytes=90), _start(peak_rss_bytes=500, pss_bytes=110)])
    assert found.peak_rss_bytes == Spread(300, 200, 400)
    assert found.pss_bytes == Spread(100, 90, 110)
    assert found.device_bytes == Unknown("memory-no-device")
    assert memory([_start()]).pss_bytes == Unknown("memory-no-pss")
    assert memory([_start(device_peak_bytes=7)]).device_bytes == Spread(7, 7, 7)
