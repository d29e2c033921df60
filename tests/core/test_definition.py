"""definition: what is wrong with a file is said all at once, with the remedy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core import definition as d
from generator.core.definition import Measurement
from generator.core.definition_file import DEFINITION_FILE, MAX_DEFINITION_BYTES, load_measurement, load_suite
from generator.core.errors import DefinitionError

Checkout = Callable[..., Path]


def _load(root: Path, name: str = "trial") -> Measurement:
    return load_measurement(root / "measurements" / name)


def test_sound_definition_loads(checkout: Checkout) -> None:
    """The baseline comes first, and the only workload need not be named by each variant."""
    found = _load(checkout())
    assert [v.name for v in found.variants_of("numbers")] == ["slow", "fast"]
    assert found.variant("fast").workload == "numbers"
    with pytest.raises(KeyError):
        found.variant("none")


BAD = [
    (
        "scenario",
        'suite = "core"',
        'suite = "core"\nscenario = "singlestream"',
        "unknown scenario 'singlestream'. Did you mean 'single_stream'?",
    ),
    (
        "runtime",
        'runtime = "fake"\nprecision = "int8"',
        'runtime = "onnxruntim"\nprecision = "int8"',
        "variants 'fast': unknown runtime 'onnxruntim'. Did you mean 'onnxruntime'?",
    ),
    (
        "option",
        "latency_ns = 1_000_000",
        "latency = 1",
        "unknown option 'latency' of runtime 'fake'. Did you mean 'latency_ns'?",
    ),
    (
        "transform",
        "outputs = 1}",
        'outputs = 1}\ntransforms = [{name = "quantise_static"}]',
        "unknown transform 'quantise_static'. Did you mean 'quantize_static'?",
    ),
    ("key", 'suite = "core"', 'suite = "core"\nthread = 2', "unknown key 'thread'. Did you mean 'threads'?"),
    (
        "variant key",
        'precision = "int8"',
        'precision = "int8"\nrun_time = "fake"',
        "variants 'fast': unknown key 'run_time'. Did you mean 'runtime'?",
    ),
    (
        "workload kind",
        'kind = "synthetic"',
        'kind = "syntetic"',
        "unknown workload 'syntetic'. Did you mean 'synthetic'?",
    ),
    (
        "no baseline",
        "baseline = true",
        "baseline = false",
        "workload 'numbers' has no baseline. Write 'baseline = true'",
    ),
    (
        "two baselines",
        'precision = "int8"',
        'precision = "int8"\nbaseline = true',
        "workload 'numbers' has 2 baselines (slow, fast). Keep one.",
    ),
    (
        "two of a name",
        'name = "fast"',
        'name = "slow"',
        "2 variants are called 'slow'. Give each one a name of its own.",
    ),
    ("reserved name", 'name = "fast"', 'name = "control"', "a variant may not be called 'control'"),
    ("name's form", 'name = "fast"', 'name = "../fast"', "may hold only a-z, 0-9 and single hyphens"),
    ("missing key", 'precision = "int8"\n', "", "variants 'fast': the key 'precision' is missing. Add it."),
    ("one language", 'title = {ru = "Быстрый", en = "Fast"}', 'title = {ru = "Быстрый"}', "the key 'en' is missing"),
    (
        "stray workload",
        'runtime = "fake"\nprecision = "int8"',
        'workload = "number"\nruntime = "fake"\nprecision = "int8"',
        "names the unknown workload 'number'. Did you mean 'numbers'?",
    ),
    (
        "step",
        'kind = "synthetic"',
        'kind = "synthetic"\nsteps = ["slow", "fas"]',
        "workloads 'numbers': steps name the unknown variant 'fas'. Did you mean 'fast'?",
    ),
    (
        "steps that begin elsewhere",
        'kind = "synthetic"',
        'kind = "synthetic"\nsteps = ["fast", "slow"]',
        "steps must begin with the baseline 'slow'. Put it first.",
    ),
    (
        "one step twice",
        'kind = "synthetic"',
        'kind = "synthetic"\nsteps = ["slow", "fast", "fast"]',
        "'fast' stands twice among the steps. Keep one.",
    ),
    ("one step", 'kind = "synthetic"', 'kind = "synthetic"\nsteps = ["slow"]', "one step is no ladder."),
    (
        "headline",
        'suite = "core"',
        'suite = "core"\nheadline = {variant = "fas", against = "slow"}',
        "headline.variant names the unknown variant 'fas'. Did you mean 'fast'?",
    ),
    (
        "a factor of one",
        'suite = "core"',
        'suite = "core"\nheadline = {variant = "fast", against = "slow", asked = 1}',
        "[headline]: asked: Input should be greater than 1.",
    ),
    (
        "a factor that nobody asks about",
        'ru = "Быстрее ли второй вариант?"',
        'ru = "Вдвое ли быстрее второй вариант?"',
        "the question asks whether something is 'Вдвое', and no answer could say so. Write the factor",
    ),
    (
        "value of an option",
        'runtime = "fake"\nprecision = "int8"\ntitle = {ru = "Быстрый", en = "Fast"}\noptions = {latency_ns = 1_000_000, outputs = 1}',
        'runtime = "pytorch"\nprecision = "fp32"\ntitle = {ru = "Б", en = "F"}\noptions = {instructions = "avx"}',
        "unknown value 'avx' of option 'instructions'. Did you mean 'avx2'?",
    ),
    (
        "batch outside its scenario",
        'precision = "int8"',
        'precision = "int8"\nsamples_per_query = 4',
        "'samples_per_query', which belongs to the scenario 'offline'",
    ),
    (
        "option of a card without a card",
        'runtime = "fake"\nprecision = "int8"\ntitle = {ru = "Быстрый", en = "Fast"}\noptions = {latency_ns = 1_000_000, outputs = 1}',
        'runtime = "pytorch"\nprecision = "fp32"\ntitle = {ru = "Б", en = "F"}\noptions = {graph = true, precision = "tf32"}',
        "the options 'graph', precision = 'tf32', which need the option device = 'cuda'",
    ),
    (
        "graph and compile",
        'runtime = "fake"\nprecision = "int8"\ntitle = {ru = "Быстрый", en = "Fast"}\noptions = {latency_ns = 1_000_000, outputs = 1}',
        'runtime = "pytorch"\nprecision = "fp32"\ntitle = {ru = "Б", en = "F"}\noptions = {graph = true, compile = true, device = "cuda"}',
        "the options 'graph' and 'compile', of which one excludes the other",
    ),
    (
        "unknown layout",
        'runtime = "fake"\nprecision = "int8"\ntitle = {ru = "Быстрый", en = "Fast"}\noptions = {latency_ns = 1_000_000, outputs = 1}',
        'runtime = "pytorch"\nprecision = "fp32"\ntitle = {ru = "Б", en = "F"}\noptions = {layout = "channels"}',
        "unknown value 'channels' of option 'layout'. Did you mean 'channels_last'?",
    ),
    ("not TOML", 'suite = "core"', 'suite = "core', "is not TOML: "),
    (
        "name in the file",
        'suite = "core"',
        'suite = "core"\nname = "x"',
        "the folder's name is the measurement's. Delete the line.",
    ),
    ("schema version", "schema_version = 1", "schema_version = 2", "schema_version"),
    (
        "core variant",
        'suite = "core"',
        'suite = "core"\ncore = ["slow", "fas"]',
        "core names the unknown variant 'fas'. Did you mean 'fast'?",
    ),
    (
        "core with nothing to compare",
        'suite = "core"',
        'suite = "core"\ncore = ["slow"]',
        "core names of workload 'numbers' one variant alone, 'slow'. Add what is compared with it",
    ),
    (
        "core without the answer",
        'suite = "core"',
        'suite = "core"\ncore = ["slow"]\nheadline = {variant = "fast", against = "slow"}',
        "core leaves out 'fast' of the headline, so that it answers no question. Add it.",
    ),
    (
        "core outside its suite",
        'suite = "core"',
        'suite = "extended"\ncore = ["slow", "fast"]',
        "the key 'core' belongs to the suite 'core', this is 'extended'.",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_definition_is_one_clear_message(
    checkout: Checkout, definition: str, old: str, new: str, message: str
) -> None:
    """Each fault names the file, what is wrong, and the remedy; none is a traceback."""
    assert old in definition
    with pytest.raises(DefinitionError) as caught:
        _load(checkout(trial=definition.replace(old, new, 1)))
    assert str(caught.value).startswith("measurements/trial/measurement.toml: ")
    assert message in str(caught.value)


def test_all_problems_are_shown_at_once(checkout: Checkout, definition: str) -> None:
    """A person mends a file in one go."""
    bad = definition.replace('kind = "synthetic"', 'kind = "x"').replace("latency_ns = 1_000_000", "latency = 1")
    with pytest.raises(DefinitionError) as caught:
        _load(checkout(trial=bad))
    assert len(caught.value.problems) == 2


def test_a_problem_carries_its_place_and_its_remedy(checkout: Checkout, definition: str) -> None:
    """Nobody has to read them out of the sentence."""
    bad = definition.replace("latency_ns = 1_000_000", "latency = 1").replace('kind = "synthetic"', "kind = 3")
    with pytest.raises(DefinitionError) as caught:
        _load(checkout(trial=bad))
    kind, option = caught.value.problems
    assert (kind.location, kind.remedy) == (("workloads", 0, "kind"), "")
    assert option.location == ("variants", 1, "options", "latency")
    assert option.reason == "variants 'fast': unknown option 'latency' of runtime 'fake'"
    assert option.remedy.startswith("Did you mean 'latency_ns'? Known: ")


def test_a_text_that_is_no_toml_has_the_line_of_its_fault(checkout: Checkout, definition: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        _load(checkout(trial=definition.replace('suite = "core"', 'suite = "core', 1)))
    (problem,) = caught.value.problems
    assert problem.line == definition.split('suite = "core"')[0].count("\n") + 1


def test_suite_shows_the_problems_of_all_files(checkout: Checkout, definition: str) -> None:
    """One bad folder does not hide another."""
    root = checkout(a=definition.replace('"core"', '"cor"'), b=definition.replace("baseline = true", ""), c=definition)
    with pytest.raises(DefinitionError) as caught:
        load_suite(root / "measurements")
    assert "measurements/a/measurement.toml" in str(caught.value)
    assert "measurements/b/measurement.toml" in str(caught.value)


def test_suite_is_sorted_and_may_be_empty(checkout: Checkout, definition: str, tmp_path: Path) -> None:
    """The order of pages does not depend on the file system."""
    assert load_suite(tmp_path / "nothing") == ()
    assert [m.name for m in load_suite(checkout(b=definition, a=definition) / "measurements")] == ["a", "b"]


def test_unreadable_files(tmp_path: Path) -> None:
    """A missing, a huge and a non-UTF-8 file are each refused in one sentence."""
    for name, content, message in [
        ("missing", None, "is not there"),
        ("huge", b"#" * (MAX_DEFINITION_BYTES + 1), "is larger than 256 KiB"),
        ("latin", b"title = '\xff'", "is not UTF-8"),
    ]:
        folder = tmp_path / "measurements" / name
        folder.mkdir(parents=True)
        if content is not None:
            (folder / DEFINITION_FILE).write_bytes(content)
        with pytest.raises(DefinitionError, match=message):
            load_measurement(folder)


def test_fingerprint_ignores_words_and_sees_what_is_measured(checkout: Checkout, definition: str) -> None:
    """Rewording an article must not make its records stale; another latency must."""
    root = checkout(
        a=definition,
        b=definition.replace('en = "Trial"', 'en = "Another title"').replace("Медленный", "Небыстрый"),
        c=definition.replace("2_000_000", "3_000_000"),
    )
    a, b, c = (_load(root, name).model_copy(update={"name": "same"}) for name in "abc")
    assert a.fingerprint() == b.fingerprint()
    assert a.fingerprint() != c.fingerprint()


def test_topics_do_not_count_in_the_fingerprint(checkout: Checkout, definition: str) -> None:
    """A measurement can be put on another page of the site without its records growing stale."""
    tied = 'technologies = ["quantization", "runtimes"]\n' + definition.replace(
        'kind = "synthetic"', 'kind = "synthetic"\napplication = "weather"'
    )
    root = checkout(plain=definition, tied=tied)
    plain, found = (_load(root, name).model_copy(update={"name": "same"}) for name in ("plain", "tied"))
    assert found.technologies == (d.Technology.QUANTIZATION, d.Technology.RUNTIMES)
    assert (plain.applications, found.applications) == ((), (d.Application.WEATHER,))
    assert plain.fingerprint() == found.fingerprint()


def test_an_unknown_topic_names_those_that_there_are(checkout: Checkout, definition: str) -> None:
    """A slip of the pen is answered with the nearest topic."""
    with pytest.raises(DefinitionError, match=r"unknown technologies 'quantisation'\. Did you mean 'quantization'"):
        _load(checkout(trial='technologies = ["quantisation"]\n' + definition))


ENVIRONMENTS = [
    ("loose pin", "fake", '["numpy>=1.26"]', "'numpy>=1.26' is no exact pin. Write it as \"numpy==VERSION\"."),
    ("wildcard", "fake", '["numpy==1.*"]', "'numpy==1.*' is no exact pin"),
    ("address", "fake", '["numpy @ https://evil/numpy.whl"]', "'numpy @ https://evil/numpy.whl' is no exact pin"),
    ("option", "fake", '["--index-url=https://evil"]', "'--index-url=https://evil' is no exact pin"),
    ("stray package", "onnxruntime", '["numpy==1.26.4", "requests==2.0"]', "runtime 'onnxruntime' has no package 'requests'"),
    ("twice", "fake", '["numpy==1.26.4", "numpy==2.0.0"]', "'numpy' is pinned twice"),
    ("without NumPy", "onnxruntime", '["onnxruntime==1.16.3"]', "'numpy' must be pinned. Write environment = [\"numpy==VERSION\", \"onnxruntime==VERSION\"]"),
    ("only Python", "fake", '["python==3.11"]', "'numpy' must be pinned"),
    ("old Python", "fake", '["numpy==1.26.4", "python==3.9"]', "Python 3.9 cannot measure"),
    ("Python's patch", "fake", '["numpy==1.26.4", "python==3.11.7"]', "Python 3.11.7 cannot measure. Pin a minor version"),
    ("PyTorch", "pytorch", '["torch==2.1.2"]', "runtime 'pytorch' cannot be isolated"),
    ("OpenVINO without one", "openvino", "[]", "'numpy', 'openvino' must be pinned"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("runtime", "pins", "message"), [row[1:] for row in ENVIRONMENTS], ids=[row[0] for row in ENVIRONMENTS]
)
def test_an_environment_is_exact_pins_of_known_packages(
    checkout: Checkout, definition: str, runtime: str, pins: str, message: str
) -> None:
    """A definition may come from a stranger: it installs a known runtime of a stated version and nothing else."""
    text = definition.replace("options = {latency_ns = 1_000_000, outputs = 1}", f"environment = {pins}")
    text = text.replace('runtime = "fake"\nprecision = "int8"', f'runtime = "{runtime}"\nprecision = "int8"')
    with pytest.raises(DefinitionError) as caught:
        _load(checkout(trial=text))
    assert f"variants 'fast': environment: {message}" in str(caught.value)


def test_an_environment_counts_in_the_fingerprint_only_where_it_is_named(checkout: Checkout, definition: str) -> None:
    """Another version is another measurement; definitions from before there were environments keep their records."""
    pinned = definition.replace("outputs = 1}", 'outputs = 1}\nenvironment = ["numpy==1.26.4"]')
    root = checkout(plain=definition, pinned=pinned, later=pinned.replace("1.26.4", "2.0.0"))
    prints = {_load(root, name).model_copy(update={"name": "x"}).fingerprint() for name in ("plain", "pinned", "later")}
    assert len(prints) == 3
    plain = _load(root, "plain")
    unread = ("title", "question", "published", "suite", "core", "headline", "technologies")
    before = plain.model_dump_json(
        exclude={
            **dict.fromkeys(unread, True),
            "workloads": {"__all__": {"title", "steps", "application"}},
            "variants": {"__all__": {"title", "environment", "threads", "samples_per_query"}},
        }
    )
    assert plain.fingerprint() == hashlib.sha256(before.encode()).hexdigest()


def test_the_core_part_is_what_is_named_and_everything_where_nothing_is(checkout: Checkout, definition: str) -> None:
    """What the core suite measures is no part of what is measured and how: records stay current."""
    third = (
        definition
        + '[[variants]]\nname = "third"\nruntime = "fake"\nprecision = "fp32"\ntitle = {ru = "Т", en = "T"}\n'
    )
    named = third.replace('suite = "core"', 'suite = "core"\ncore = ["slow", "third"]')
    root = checkout(plain=third, named=named)
    plain, named_core = (_load(root, name).model_copy(update={"name": "x"}) for name in ("plain", "named"))
    assert plain.part(core=True).names == plain.part(core=False).names == {"slow", "fast", "third"}
    assert named_core.part(core=True).names == {"slow", "third"}
    assert named_core.part(core=False).names == plain.variant_names
    assert named_core.fingerprint() == plain.fingerprint()


def test_a_core_without_the_baseline_compares_with_the_first_that_it_names(checkout: Checkout, definition: str) -> None:
    """And with the baseline where it measures that; a whole run always does, and no fingerprint changes by it."""
    third = (
        definition
        + '[[variants]]\nname = "third"\nruntime = "fake"\nprecision = "fp32"\ntitle = {ru = "Т", en = "T"}\n'
    )

    def with_core(names: str) -> str:
        return third.replace('suite = "core"', f'suite = "core"\ncore = [{names}]')

    def baselines(measurement: Measurement, core: bool) -> list[str]:
        return [one.name for one in measurement.of_run(measurement.part(core)).variants if one.baseline]

    root = checkout(moved=with_core('"third", "fast"'), kept=with_core('"fast", "slow"'))
    moved, kept = (_load(root, name).model_copy(update={"name": "x"}) for name in ("moved", "kept"))
    assert (baselines(moved, True), baselines(moved, False)) == (["third"], ["slow"])
    assert moved.of_run(moved.part(True)).variants_of("numbers")[0].name == "third"
    assert baselines(kept, True) == ["slow"]
    assert moved.fingerprint() == kept.fingerprint()


def test_a_factor_is_asked_of_the_same_two_runtimes_in_every_workload() -> None:
    """Of no other pair: not of what came after, nor of another number format."""
    history = load_measurement(Path(__file__).parents[2] / "measurements" / "runtime-history")
    names = [one.name for one in history.variants]
    asked = {(a, b) for a in names for b in names if a != b and history.asked_of(a, b)}
    assert asked == {(f"{one.name}-2025", f"{one.name}-2023") for one in history.workloads}
