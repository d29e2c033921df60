"""One variant, as templates and tables see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from generator.core.record import COMPRESSED_NOTE
from generator.pages.sentences import Sentences, estimate_decimals
from generator.pages.views.comparison import ComparisonView
from generator.results.change import quality_change
from generator.results.estimate import Unknown
from generator.results.findings import Spread, VariantFindings, WorkloadFindings, accuracy_metric, agreement_metric
from generator.results.quality import Gate
from generator.words.language import Language


@dataclass(frozen=True)
class VariantView:
    """One variant."""

    found: VariantFindings
    workload: WorkloadFindings
    sentences: Sentences

    @property
    def _language(self) -> Language:
        return self.sentences.language

    def _say(self, key: str, **values: str) -> str:
        return self.sentences.phrases.say(key, **values)

    @property
    def title(self) -> str:
        """What a reader knows it by."""
        return self.sentences.title(self.found)

    @property
    def is_baseline(self) -> bool:
        """Whether the others are compared with it."""
        return self.found is self.workload.baseline

    @property
    def failed(self) -> bool:
        """Whether it has no numbers."""
        return self.found.latency is None

    @property
    def failure(self) -> str:
        """Why it has no (further) numbers, and how to mend it; empty when all went well."""
        failure = self.found.record.failure
        return self.sentences.failure_and_remedy(failure) if failure else ""

    @property
    def lacking(self) -> bool:
        """Whether the machine lacks what it needs; then tables of its numbers leave it out."""
        return self.found.record.failure is not None and not self.found.record.failed

    @cached_property
    def speed(self) -> ComparisonView:
        """Against the baseline."""
        return ComparisonView(self.found.against_baseline, self.found, self.workload.baseline, self.sentences)

    @property
    def speedup(self) -> str:
        """Cell: ratio to the baseline, or why there is none."""
        return self._say("cell.baseline") if self.is_baseline else self.speed.factor

    @property
    def verdict(self) -> str:
        """Cell: verdict against the baseline."""
        return self._say("cell.none") if self.is_baseline else self.speed.word

    @property
    def mean_speedup(self) -> str:
        """Cell: ratio of means to the baseline; it shows the stalls that medians hide."""
        return self._say("cell.baseline") if self.is_baseline else self.speed.by_mean

    @property
    def p50(self) -> str:
        """Median latency, with its range over blocks."""
        return self._times(self.found.latency.p50_ns if self.found.latency else None)

    @property
    def mean(self) -> str:
        """Mean latency."""
        return self._centre(self.found.latency.mean_ns if self.found.latency else None)

    @property
    def load(self) -> str:
        """Time from the process's start to the model in memory."""
        if self.found.record.elsewhere:
            return self._why(Unknown("server"))
        return self._centre(self.found.latency.load_ns if self.found.latency else None)

    @property
    def first_call(self) -> str:
        """Time of the first call."""
        return self._centre(self.found.latency.first_call_ns if self.found.latency else None)

    @property
    def uncached_first_call(self) -> str:
        """Time of the first call of a worker that found nothing compiled before; the first call where there is no such.

        A dash where it was not run.
        """
        uncached = self.found.record.uncached_first_call_ns
        return self._language.duration(uncached) if uncached else self.first_call

    @property
    def cpu(self) -> str:
        """Processor time a sample."""
        if self.found.record.elsewhere:
            return self._why(Unknown("server"))
        spread = self.found.latency.cpu_s_per_sample if self.found.latency else None
        return self._language.duration(spread.median * 1e9) if spread else self._say("cell.none")

    @property
    def throughput(self) -> str:
        """Samples a second; of a server, those within the bound."""
        spread = self.found.latency.sustained if self.found.latency else None
        return self._language.number(spread.median) if spread else self._say("cell.none")

    @property
    def tokens_per_second(self) -> str:
        """Tokens generated a second, the time in which the prompt is read included; a dash where none are generated."""
        tokens, latency = self.workload.record.tokens_per_sample, self.found.latency
        rate = latency.sustained if latency else None
        return self._language.number(tokens * rate.median) if rate and tokens else self._say("cell.none")

    def token_ratio(self, statistic: str) -> str:
        """By what factor its time is shorter than the baseline's, with its interval; a dash where it is not known.

        Args:
            statistic: one of `token_times.TOKEN_STATISTICS`, such as "ttft" or "tpot".
        """
        found = self.found.tokens.ratios.get(statistic) if self.found.tokens else None
        return self._language.factor_estimate(found) if found else self._say("cell.none")

    @property
    def queries(self) -> str:
        """How many queries were timed."""
        return self._language.decimal(self.found.latency.queries, 0) if self.found.latency else self._say("cell.none")

    @property
    def memory(self) -> str:
        """Peak memory above what the process had before it loaded the model."""
        if self.found.record.elsewhere:
            return self._why(Unknown("server"))
        spread = self.found.latency.memory_bytes if self.found.latency else None
        return self._language.size(spread.median) if spread else self._say("cell.none")

    @property
    def work(self) -> str:
        """Floating-point operations of a sample, counted from the model."""
        work = self.found.record.work
        if work is None or not work.flops_per_sample:
            return self._say("cell.none")
        return self._say("cell.megaflop", number=self._language.number(work.flops_per_sample / 1e6))

    @property
    def roof_share(self) -> str:
        """Share of what the machine's ceilings permit, or why it is not known."""
        found = self.found.roofline
        return self._why(found) if isinstance(found, Unknown) else self._language.percent(found.share.median, 0)

    @property
    def energy(self) -> str:
        """Gross energy of a sample in each domain that has a trusted counter, or why there is none."""
        found = self.found.energy
        if isinstance(found, Unknown):
            return self._why(found)
        return "; ".join(
            self._say("cell.millijoule", number=self._language.number(one.gross_joules.median * 1e3), domain=one.domain)
            for one in found
        )

    @property
    def energy_per_token(self) -> str:
        """Gross energy of a sample over the tokens that it generates, reading the prompt included."""
        found, tokens = self.found.energy, self.workload.record.tokens_per_sample
        if isinstance(found, Unknown) or not tokens:
            return self._say("cell.none")
        return "; ".join(
            self._say(
                "cell.millijoule",
                number=self._language.number(one.gross_joules.median * 1e3 / tokens),
                domain=one.domain,
            )
            for one in found
        )

    @property
    def energy_known(self) -> bool:
        """Whether a counter that is trusted measured its energy."""
        return not isinstance(self.found.energy, Unknown)

    @property
    def batch_checked(self) -> bool:
        """Whether its answers in batches were compared with those that quality was checked on."""
        audit = self.found.record.audit
        return audit is not None and audit.answers_compared > (self.workload.record.timed_samples or 0)

    @property
    def cost(self) -> str:
        """What a million samples cost, or why it is not known."""
        found = self.found.cost
        if isinstance(found, Unknown):
            return self._why(found)
        amount = self._language.number(found.per_million.median)
        return self._say("cell.cost", amount=amount, currency=found.price.currency)

    def _why(self, unknown: Unknown) -> str:
        return self._say("cell.not_measured", reason=self.sentences.phrases.of("unknown", unknown.key))

    @property
    def file(self) -> str:
        """Size of the model file."""
        artifact = self.found.record.artifact
        return self._language.size(artifact.size_bytes) if artifact else self._say("cell.none")

    @property
    def compressed_file(self) -> str:
        """Size of the model file after gzip, where it is known."""
        artifact = self.found.record.artifact
        known = artifact.notes.get(COMPRESSED_NOTE, "") if artifact else ""
        return self._language.size(int(known)) if known.isdecimal() else self._say("cell.none")

    @property
    def achieved(self) -> str:
        """Floating-point operations of the model done in a second."""
        work, latency = self.found.record.work, self.found.latency
        rate = latency.sustained if latency else None
        if rate is None or work is None or not work.flops_per_sample:
            return self._say("cell.none")
        achieved = rate.median * work.flops_per_sample
        return self._say("cell.gigaflops", number=self._language.number(achieved / 1e9))

    def percentile(self, share: float) -> str:
        """One percentile with its upper bound, or a dash where the number of queries does not permit it."""
        latency = self.found.latency
        value = next((one for one in latency.percentiles if one.share == share), None) if latency else None
        if value is None:
            return self._say("cell.none")
        return f"{self._language.duration(value.value_ns)} ({self._language.duration(value.bound_ns)})"

    @property
    def accuracy(self) -> str:
        """Share of right answers with its interval; where there are no labels, that of answers that stay the same."""
        metric = accuracy_metric(self.found)
        if metric is None and accuracy_metric(self.workload.baseline) is None:
            if fidelity := agreement_metric(self.found):
                return self.sentences.value(fidelity)
            if self.is_baseline and any(agreement_metric(one) for one in self.workload.variants):
                return self._say("cell.reference")
        if metric is None:
            reason = self.sentences.quality_unknown(self.found, self.workload.baseline)
            return self.sentences.phrases.say("failure.cell", reason=reason)
        return self.sentences.value(metric)

    @property
    def change(self) -> str:
        """Change of quality against the baseline with its interval; of shares in percentage points."""
        metric = accuracy_metric(self.workload.baseline)
        if self.is_baseline or metric is None:
            return self._say("cell.none")
        change = quality_change(self.found.record, self.workload.baseline.record, metric.metric)
        if change is None:
            return self._say("cell.none")
        if metric.kind == "proportion":
            return self._language.points_cell(change)
        if below := self.sentences.below(change, metric):
            return below
        decimals = estimate_decimals(change)
        return f"{self._language.decimal(change.point, decimals)} {self._language.interval(change.interval, decimals)}"

    def metric(self, name: str) -> str:
        """One metric's value, or a dash where it was not measured."""
        found = self.found.quality_of(name)
        return self.sentences.value(found) if found else self._say("cell.none")

    @property
    def accuracy_kept(self) -> str:
        """Share of the baseline's accuracy that it keeps."""
        kept = self.found.accuracy_kept
        return self._say("cell.none") if kept is None or self.is_baseline else self._language.percent(kept)

    @property
    def errors(self) -> str:
        """Its error rate over the baseline's."""
        ratio = self.found.error_rate_ratio
        return self._say("cell.none") if ratio is None or self.is_baseline else self._language.factor(ratio, 2)

    @property
    def rate(self) -> str:
        """Server: highest rate of queries that kept the latency bound, and its range over blocks."""
        spread = self.found.latency.rate_served if self.found.latency else None
        if spread is None:
            return self._say("cell.none")
        centre, low, high = (self._language.number(one) for one in (spread.median, spread.least, spread.most))
        return f"{centre} ({low}–{high})" if low != high else centre

    @property
    def samples_per_query(self) -> str:
        """How many samples each timed query carried."""
        latency = self.found.latency
        return self._language.decimal(latency.samples_per_query, 0) if latency else self._say("cell.none")

    @property
    def agreement(self) -> str:
        """Share of answers that are the baseline's, with its interval."""
        metric = agreement_metric(self.found)
        return self._language.percent_estimate(metric.estimate) if metric else self._say("cell.none")

    @property
    def gate(self) -> str:
        """Cell: whether the quality gate was passed."""
        return self._say("cell.none") if self.is_baseline else self.sentences.phrases.of("gate", self.found.gate)

    @property
    def gate_passed(self) -> bool:
        """Whether its speed counts."""
        return self.found.gate is Gate.PASSED

    @property
    def quality_sentence(self) -> str:
        """What became of its accuracy."""
        return self.sentences.accuracy(self.found, self.workload.baseline)

    @property
    def agreement_sentence(self) -> str:
        """How often its answers are the baseline's; empty when that was not measured."""
        return self.sentences.agreement(self.found)

    @property
    def remark(self) -> str:
        """What else must be said of its quality: a failed gate, and how it compares with a rule without a model."""
        return " ".join(one for one in (self.gate_sentence, self.skill_sentence) if one)

    @property
    def skill_sentence(self) -> str:
        """How its error compares with that of a forecast without a model; empty where there is none."""
        return self.sentences.skill(self.found)

    @property
    def gate_sentence(self) -> str:
        """Whether its speed counts."""
        return self.sentences.gate(self.found.gate)

    @property
    def runtime(self) -> str:
        """Runtime with its version."""
        name = self.sentences.phrases.of("runtime", self.found.record.runtime)
        return f"{name} {self.found.record.runtime_version}" if self.found.record.runtime_version else name

    @property
    def precision(self) -> str:
        """Number format."""
        return str(self.found.record.precision)

    @property
    def transforms(self) -> str:
        """What was done to the model."""
        phrases = self.sentences.phrases
        names = [phrases.of("transform", name) for name in self.found.record.transforms]
        return " → ".join(names) if names else phrases.say("transform.none")

    def operators(self) -> dict[str, int]:
        """How often each operator stands in the graph that was run; empty where the runtime does not tell."""
        return dict(self.found.record.artifact.operators) if self.found.record.artifact else {}

    def _times(self, spread: Spread | None) -> str:
        if spread is None:
            return self._say("cell.none")
        return self._language.duration_spread(spread.median, spread.least, spread.most)

    def _centre(self, spread: Spread | None) -> str:
        return self._language.duration(spread.median) if spread else self._say("cell.none")
