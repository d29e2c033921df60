"""Sentences, labels and the head fitted to them; the encoder itself is in the slow tests."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from generator.assets.asset import Asset, asset
from generator.core.cache import Cache
from generator.core.errors import AssetError, DefinitionError
from generator.workloads import text_classification as room
from generator.workloads.networks import minilm
from generator.workloads.sources import data_sets
from generator.workloads.text_classification import labelled, logistic_head, rated
from tests.workloads.tiny_tokenizer import numbers, write_tokenizer

TRAINING = "sentence\tlabel\nthis is good \t1\nthis is bad \t0\nis this a good text .\t1\nit is bad .\t0\n"
TEST = "sentence\tlabel\nit is good . \t1\nit is bad .\t0\nwho wrote this\t0\n"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Path]]:
    """Stands for all downloads."""
    pytest.importorskip("tokenizers")
    for name, text in (("dev.tsv", TRAINING), ("test.tsv", TEST)):
        (tmp_path / name).write_text(text, "utf-8")
    have = {
        room.DATA: [tmp_path / "dev.tsv", tmp_path / "test.tsv"],
        minilm.ASSET: [tmp_path / "absent", write_tokenizer(tmp_path / "tokenizer.json"), tmp_path / "absent"],
    }

    def fetch(one: Asset, cache: Cache, progress: object = None) -> tuple[Path, ...]:
        if one.name not in have:
            raise AssetError(one.name, "there is no network")
        return tuple(have[one.name])

    monkeypatch.setattr(minilm, "fetch", fetch)
    monkeypatch.setattr(data_sets, "fetch", fetch)
    return have


def test_the_catalogue_has_training_and_test() -> None:
    """The order in which they are read: to fit on the test set would make the accuracy worthless."""
    assert [file.name for file in asset(room.DATA).files] == ["dev.tsv", "test.tsv"]


def test_sentences_and_labels(files: dict[str, list[Path]]) -> None:
    """The heading is no sentence, and blanks at the end belong to nobody."""
    found = labelled(files[room.DATA][1])
    assert (found.sentences, found.labels) == (("it is good .", "it is bad .", "who wrote this"), (1, 0, 0))


@pytest.mark.parametrize("text", ["sentence\tlabel\nno label\n", "sentence\tlabel\ngood\t2\n"])
def test_what_is_not_in_sst2s_form_is_named(tmp_path: Path, text: str) -> None:
    """A damaged download is an error with its file."""
    (tmp_path / "test.tsv").write_text(text, "utf-8")
    with pytest.raises(AssetError, match=r"'test\.tsv' is not in SST-2's form"):
        labelled(tmp_path / "test.tsv")


@pytest.mark.usefixtures("files")
def test_samples_are_the_test_sentences(cache: Cache) -> None:
    """Timed ones are among them; calibration is on training phrases, without those that the test has too."""
    workload = room.make({}, cache)
    samples = [tuple(sample["ids"][0].tolist()) for sample in workload.samples()]
    assert samples == [
        numbers("it", "is", "good", "."),
        numbers("it", "is", "bad", "."),
        numbers("who", "wrote", "this"),
    ]
    assert [sample["ids"].shape for sample in workload.timed_samples()] == [(1, 6)] * 2
    calibration = [tuple(sample["ids"][0].tolist()) for sample in workload.calibration(10)]
    assert calibration[0] == numbers("is", "this", "a", "good", "text", ".")
    assert len(calibration) == 3
    assert not set(calibration) & set(samples)


@pytest.mark.usefixtures("files")
def test_observations_are_a_classifiers(cache: Cache) -> None:
    """Accuracy on labels, and against a baseline agreement."""
    workload = room.make({}, cache)
    outputs = [{"y": np.array([row], np.float32)} for row in ((0.0, 1.0), (0.0, 1.0), (1.0, 0.0))]
    observed = {one.metric: one.values for one in workload.observe(outputs, outputs)}
    assert (observed["top-1"], observed["top-1-agreement"]) == ((1, 0, 1), (1, 1, 1))
    assert (workload.labels_unknown, workload.notes) == (None, ("frozen-encoder",))


def test_without_the_data_there_is_no_measurement(cache: Cache, files: dict[str, list[Path]]) -> None:
    """Without training phrases there is no head: nothing is guessed."""
    del files[room.DATA]
    with pytest.raises(AssetError, match=room.DATA):
        room.make({}, cache).samples()


def test_there_are_no_options(cache: Cache) -> None:
    """A misspelt option is an error."""
    with pytest.raises(DefinitionError, match="unknown option 'samples'"):
        room.make({"samples": 3}, cache)


def test_a_head_has_the_known_optimum() -> None:
    """One feature, one sample at -1 and one at +1: the weight w solves w = 2 C / (1 + exp(w)), the bias is zero."""
    weights, biases = logistic_head(np.array([[-1.0], [1.0]]), [0, 1], strength=4.0)
    odds = float(weights[1, 0] - weights[0, 0])
    assert odds == pytest.approx(8 / (1 + np.exp(odds)), abs=1e-4)
    assert biases == pytest.approx([0, 0], abs=1e-6)


def test_a_head_does_not_pay_for_its_bias() -> None:
    """Features that say nothing leave the odds of the labels: three to one."""
    weights, biases = logistic_head(np.zeros((4, 2)), [1, 1, 1, 0])
    assert weights == pytest.approx(np.zeros((2, 2)), abs=1e-9)
    assert biases[1] - biases[0] == pytest.approx(np.log(3), abs=1e-4)


def test_a_head_is_scikit_learns() -> None:
    """The same objective, so that its C means what people think it means."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    chance = np.random.default_rng(0)
    features = chance.standard_normal((200, 5))
    labels = (features[:, 0] + chance.standard_normal(200) > 0).astype(int)
    weights, biases = logistic_head(features, labels.tolist(), strength=4.0)
    theirs = linear_model.LogisticRegression(C=4.0, tol=1e-8, max_iter=1000).fit(features, labels)
    assert weights[1] - weights[0] == pytest.approx(theirs.coef_[0], abs=1e-3)
    assert biases[1] - biases[0] == pytest.approx(theirs.intercept_[0], abs=1e-3)


RIGHT = {room.DATA: (872, 682), room.RATED: (1000, 786)}
"""Sentences of a data set, and those that are classified as their labels say."""


@pytest.mark.slow
@pytest.mark.timeout(900)  # the head is fitted to the embeddings of thousands of sentences
def test_the_head_is_part_of_the_model() -> None:
    """682 of SST-2's 872 sentences, within the rounding of another processor; what is timed is what is scored."""
    torch = pytest.importorskip("torch")
    from generator.workloads.networks.architectures import load_module

    workload = room.make({}, Cache.default())
    try:
        module = load_module(workload.model().path)
    except AssetError as error:
        pytest.skip(str(error))
    with torch.inference_mode():
        outputs = [
            {"y": module(*(torch.from_numpy(array) for array in sample.values())).numpy()}
            for sample in workload.samples()
        ]
    (top1,) = workload.observe(outputs, None)
    asked, right = RIGHT[workload.data_set]
    assert (len(top1.values), sum(top1.values)) == (asked, pytest.approx(right, abs=3))


def _rated(tmp_path: Path, rows: str, member: str = room.RATED_MEMBER) -> Path:
    """An archive in VADER's form."""
    path, data = tmp_path / "hutto.tar.gz", rows.encode()
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return path


ROWS = "".join(f"{n}\t{2.5 if n % 3 else -1.5}\tthis is text {n} \r\n" for n in range(12))


def test_labels_are_the_signs_of_clear_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was rated near zero has no label, and the parts share no sentence, in whatever order the file has them."""
    monkeypatch.setattr(room, "RATED_TEST", 4)
    unclear = "20\t0.49\tso so\r\n21\t-0.49\tnot so\r\n22\t0.5\tclear\r\n"
    found = rated(_rated(tmp_path, ROWS + unclear))
    assert (len(found.test.sentences), len(found.training.sentences)) == (4, 9)
    assert not set(found.test.sentences) & set(found.training.sentences)
    every = dict(zip(found.test.sentences, found.test.labels, strict=True)) | dict(
        zip(found.training.sentences, found.training.labels, strict=True)
    )
    assert every == {f"this is text {n}": int(n % 3 > 0) for n in range(12)} | {"clear": 1}
    assert rated(_rated(tmp_path, "".join(reversed((ROWS + unclear).splitlines(keepends=True))))) == found


def test_what_is_not_vaders_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "hutto.tar.gz").write_bytes(b"no archive")
    for path in (tmp_path / "hutto.tar.gz", _rated(tmp_path, "1\tmuch\ta\n"), _rated(tmp_path, ROWS, "other.txt")):
        with pytest.raises(AssetError, match=r"'hutto\.tar\.gz' is not VADER's archive"):
            rated(path)


def test_rated_sentences_stand_in(cache: Cache, files: dict[str, list[Path]], tmp_path: Path) -> None:
    """Where SST-2 is not to be had; the note says where the labels come from."""
    del files[room.DATA]
    files[room.RATED] = [_rated(tmp_path, ROWS)]
    told: list[str] = []
    workload = room.make({}, cache, lambda text, *_: told.append(text))
    assert (len(workload.samples()), workload.data_set, workload.labels_unknown) == (12, room.RATED, None)
    assert workload.notes == ("frozen-encoder", "labels-from-ratings")
    assert [one.name.partition(" ")[0] for one in workload.sources] == ["all-MiniLM-L6-v2:", "10,605"]
    assert any("Going on with 'vader-film-reviews' instead. sst-2: there is no network" in text for text in told)
