"""Records made in a browser: a form of their own, because a browser tells less and permits less than a machine.

They are kept apart from native records: the page "Measured on your own device" writes them
(site/theme/assets/js/on-device), `load_browser_record` reads them, and no published number comes of them.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from generator.core import protocol
from generator.core.block_times import BlockTimes
from generator.core.definition import CONTROL, Name, Precision
from generator.core.errors import RecordError
from generator.core.files import Unreadable, read_plain
from generator.core.record import Count, Latency, Line, NanoSeconds, Sha256
from generator.core.record_file import decoded, line_of, seal_of

SCHEMA_VERSION = 1
KIND = "browser"
FOLDER = "browser"
"""Of a measurement's folder, where such records lie in a checkout: beside `records/`, never in it."""

MAX_BYTES = 4 * 1024 * 1024
"""A larger record is refused unread; one of the page's has some hundred kilobytes."""

_AGAIN = "Measure again on the page and save the record anew."


@dataclass(frozen=True, slots=True)
class BrowserRules:
    """How far the protocol goes in a browser: where nothing forbids it, as `protocol.TIERS` has the standard tier."""

    least_blocks: int = 6
    most_blocks: int = 12
    """Fewer than natively: a reader waits."""

    goal_half_width: float = math.log(1.02)
    block_ns: int = 600_000_000
    """Half of the native block: every block's workers compile the runtime anew, which takes longer than that."""

    round_ns: int = protocol.ROUND_NS
    least_cycles: int = 4
    most_cycles: int = 20
    budget_ns: int = 60_000_000_000
    """For each model group; a slow telephone then shows the interval that it has got to."""

    resolutions_a_batch: int = 50
    """Queries are timed in batches at least this many steps of the clock long: it steps by 0.1 to 1 ms, so as to tell
    pages less about each other, and one query may be shorter. A batch is then wrong by 2 % at most, and as often too
    long as too short."""

    uncounted_queries: int = protocol.UNCOUNTED_QUERIES
    warm_up_window_ns: int = protocol.WARM_UP_WINDOW_NS
    warm_up_gain: float = protocol.WARM_UP_GAIN
    warm_up_least_ns: int = 500_000_000
    """Longer than natively: browsers begin with code that is quickly made and several times slower, and compile the hot
    parts again beside it, which two cores take half a second for."""

    warm_up_most_ns: int = 3_000_000_000
    tolerance: float = protocol.AUDIT_TOLERANCE
    """Largest difference from native ONNX Runtime's outputs, over the largest of them, at which they are the same."""


RULES = BrowserRules()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Browser(_Part):
    """What the browser tells of itself and of the machine; it tells little, and rounds that."""

    user_agent: Line
    logical_cores: Count | None
    memory_mib: Count | None
    """Rounded by the browser to a power of two, and cut off at 8 or 32 GiB."""

    cross_origin_isolated: bool
    """Whether the page was served so that threads may share memory and clocks are finer."""

    timer_resolution_ns: Latency
    """Smallest step of the clock that was seen."""

    webgpu_adapter: Line | None
    """Vendor and architecture; null where no adapter was used."""


class Engine(_Part):
    """What executed the models."""

    package: Line
    version: Line
    threads: Annotated[int, Field(ge=1)]


class BrowserVariant(_Part):
    """One model as it was run."""

    name: Name
    provider: Literal["wasm", "webgpu"]
    precision: Precision
    sha256: Sha256
    """Of the model file, so that it is known whether a published record ran the same one."""

    size_bytes: Count
    baseline: bool
    largest_difference_ppb: Count
    """Largest difference from native ONNX Runtime's outputs, over the largest of them, in parts per billion: whole
    numbers are written alike by every language, and the seal is over the text."""


class BrowserStart(_Part):
    """How one fresh worker of a block came up."""

    variant: Name
    load_ns: NanoSeconds
    """Runtime compiled, model in memory; without the download."""

    first_call_ns: Latency
    warm_up_ns: NanoSeconds
    warm_up_queries: Count


class BrowserRound(_Part):
    """One variant's batches in one round of one block."""

    variant: Name
    cycle: Count
    queries_per_batch: Annotated[int, Field(ge=1)]
    latencies_ns: Annotated[tuple[Latency, ...], Field(min_length=1)]
    """Of each batch: its time over its queries."""


class BrowserBlock(_Part):
    """All workers started afresh, then cycles: the unit of statistics, as natively."""

    index: Count
    started_at: AwareDatetime
    disturbed: bool
    """The page was hidden at some time of the block; browsers then slow it down."""

    workers: tuple[BrowserStart, ...]
    rounds: Annotated[tuple[BrowserRound, ...], Field(min_length=1)]


class BrowserRecord(_Part):
    """One run of one group of models in one browser."""

    schema_version: Literal[1]
    kind: Literal["browser"]
    protocol_version: Annotated[int, Field(ge=1)]
    record_id: Annotated[str, StringConstraints(pattern=r"^browser-[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
    measurement: Name
    workload: Name
    definition_sha256: Sha256
    started_at: AwareDatetime
    finished_at: AwareDatetime
    stop_reason: Literal["goal", "blocks", "budget"]
    browser: Browser
    engine: Engine
    variants: Annotated[tuple[BrowserVariant, ...], Field(min_length=2, max_length=8)]
    blocks: Annotated[tuple[BrowserBlock, ...], Field(min_length=2, max_length=100)]
    sha256: Sha256
    """Over everything else, as natively."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = {one.name for one in self.variants} | {CONTROL}
        if len(names) != len(self.variants) + 1:
            raise ValueError("two variants bear the same name")
        if sum(one.baseline for one in self.variants) != 1:
            raise ValueError("exactly one variant must be the baseline")
        named = {one.variant for block in self.blocks for one in block.rounds}
        named |= {one.variant for block in self.blocks for one in block.workers}
        if stray := named - names:
            raise ValueError(f"blocks name unknown variants: {', '.join(sorted(stray))}")
        if self.finished_at < self.started_at:
            raise ValueError("it finished before it started")
        return self

    @property
    def baseline(self) -> BrowserVariant:
        """What the others are compared with."""
        return next(one for one in self.variants if one.baseline)


def speedups(record: BrowserRecord) -> Mapping[str, protocol.LogInterval]:
    """Each other variant's speedup over the baseline, and the control's, by the same statistic as natively.

    Returns:
        Log ratios by name; a variant with fewer than two blocks is missing.
    """
    names = [one.name for one in record.variants if not one.baseline] + [CONTROL]
    found = {name: protocol.log_interval(_values(record, name)) for name in names}
    return {name: interval for name, interval in found.items() if interval}


def _values(record: BrowserRecord, name: str) -> list[float]:
    times = (_times(record, block) for block in protocol.kept_blocks(record.blocks))
    return [value for one in times if (value := one.log_ratio(name, record.baseline.name)) is not None]


def _times(record: BrowserRecord, block: BrowserBlock) -> BlockTimes:
    """As a native block's; a turn is a pair, for the record does not say how many samples were asked in turn."""
    p50_ns = dict[str, dict[int, float]]()
    for one in block.rounds:
        p50_ns.setdefault(one.variant, {})[one.cycle] = statistics.median(one.latencies_ns)
    return BlockTimes(record.workload, block.index, block.disturbed, p50_ns, mean_ns={})


def load_browser_record(path: Path) -> BrowserRecord:
    """Read and verify a record that the page saved.

    Raises:
        RecordError: when it is truncated, edited, too large, or of another schema.
    """
    where = path.name
    try:
        data = decoded(read_plain(path, MAX_BYTES))
    except FileNotFoundError as error:
        raise RecordError(where, "there is no such record", _AGAIN) from error
    except Unreadable as error:
        raise RecordError(where, f"the record {error.problem}", _AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise RecordError(where, f"the record is no complete JSON ({error})", _AGAIN, line_of(error)) from error
    return parse_browser_record(data, where)


def parse_browser_record(data: Any, where: str) -> BrowserRecord:
    """Verify the decoded JSON of a browser's record; see `load_browser_record`."""
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecordError(where, "this is no record made in a browser", _AGAIN)
    if data.get("schema_version") != SCHEMA_VERSION:
        found = str(data.get("schema_version"))[:40]
        problem = f"the record's schema version is {found}, this generator reads {SCHEMA_VERSION}"
        raise RecordError(where, problem, _AGAIN)
    try:
        record = BrowserRecord.model_validate_json(json.dumps(data, allow_nan=False))
    except ValueError as error:
        if not isinstance(error, ValidationError):  # a number too large for 64 bits, as 1e999
            raise RecordError(where, f"the record holds what is no JSON ({error})", _AGAIN) from error
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        more = f" (and {error.error_count() - 1} more problems)" if error.error_count() > 1 else ""
        raise RecordError(where, f"{field}: {first['msg']}{more}", _AGAIN) from error
    if seal_of(data) != record.sha256:
        problem = "the record's contents do not match its sha256: it was edited after it was measured"
        raise RecordError(where, problem, _AGAIN)
    return record
