"""What a benchmark leaves behind: a JSON file that says on which machine, when and with what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generator.core import protocol
from generator.measure.provenance import code_sha256, installed_packages
from generator.measure.system import describe_system

RESULTS = Path(__file__).with_name("results")


def save(name: str, command: str, results: Mapping[str, Any]) -> Path:
    """Write `results/NAME.json`: the results, and the system that they were got on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    about = {
        "benchmark": name,
        "command": command,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "protocol_version": protocol.PROTOCOL_VERSION,
        "code_sha256": code_sha256(),
        "packages": installed_packages(),
        "system": describe_system().model_dump(mode="json"),
    }
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({**about, **results}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)
    return path
