"""A variant whose model's answers mean nothing is timed and not judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generator.core.definition_file import load_measurement
from generator.core.record import Tier
from generator.measure.run import run_measurement
from generator.results.findings import analyse
from generator.results.quality import Gate

WORKLOAD = '''
"""The synthetic numbers with a second model, whose weights are random."""

from dataclasses import replace

from generator.workloads import synthetic


class Several(synthetic.Synthetic):
    architectures = ("numbers", "random")

    def model_of(self, architecture):
        return replace(self.model(), notes={"weights": architecture})

    def quality_unknown(self, artifact):
        return "random-weights" if artifact.notes.get("weights") == "random" else None

    def observe_model(self, artifact):
        return ()


def make(options, cache):
    return Several(count=20, classes=4, seed=0, cache=cache)
'''


def test_random_weights_are_timed_and_not_judged(
    checkout: Callable[..., Any], run_context: Callable[..., Any], definition: str
) -> None:
    """No accuracy and no agreement, but the reason; the audit still compares the timed answers; others are judged."""
    text = definition.replace('kind = "synthetic"', 'kind = "workload.py"').replace("options = {samples = 20}", "")
    text += 'transforms = [{name = "architecture", options = {name = "random"}}]\n'
    root = checkout(trial=text)
    (root / "measurements/trial/workload.py").write_text(WORKLOAD, "utf-8")
    measurement = load_measurement(root / "measurements/trial")
    record = run_measurement(measurement, Tier.SMOKE, run_context(root))
    random, judged = record.variant("fast"), record.variant("slow")
    assert (random.quality, random.quality_unknown, random.failure) == ((), "random-weights", None)
    assert random.audit is not None
    assert (random.audit.answers_compared, random.audit.answers_differing) == (16, 0)
    assert (len(judged.quality), judged.quality_unknown) == (1, None)
    found = analyse(measurement, record).workloads[0].variant("fast")
    assert (found.gate, found.against_baseline is not None) == (Gate.UNKNOWN, True)
