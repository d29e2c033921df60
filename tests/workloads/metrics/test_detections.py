"""Object detection's quality: precision with known answers, boxes that agree, and no number from a broken answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.detections import Annotated, Objects, observe_detection, overlaps, same_boxes
from generator.workloads.workload import Arrays

CAT, DOG = 3, 17
"""COCO's ids of the network's classes 0 and 1."""


def _objects(*rows: tuple[float, ...]) -> Objects:
    return np.array(rows, np.float64).reshape(-1, 6)


def _answers(*photographs: Objects) -> list[Arrays]:
    return [{"y": one[np.newaxis].astype(np.float32)} for one in photographs]


def _annotated(*boxes: tuple[int, int, list[float]], images: int = 1, scale: tuple[float, float] = (1, 1)) -> Annotated:
    """Boxes as (photograph, category, [left, top, width, height])."""
    annotations: list[dict[str, Any]] = [
        {"id": index + 1, "image_id": image, "category_id": kind, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for index, (image, kind, box) in enumerate(boxes)
    ]
    form = {
        "info": {},
        "images": [{"id": one} for one in range(images)],
        "annotations": annotations,
        "categories": [{"id": CAT}, {"id": DOG}],
    }
    return Annotated(form, tuple(range(images)), (scale,) * images, (CAT, DOG))


def _by_metric(observed: tuple[Observations, ...]) -> dict[str, tuple[float, ...]]:
    return {one.metric: one.values for one in observed}


def test_what_is_found_exactly_is_precise() -> None:
    """One value a class; a class that does not occur has none."""
    pytest.importorskip("pycocotools")
    found = _answers(_objects((10, 20, 60, 80, 0.9, 1)))
    observed = _by_metric(observe_detection(found, _annotated((0, DOG, [10, 20, 50, 60])), None))
    assert observed == {"average-precision-50": (1.0,), "average-precision": (1.0,)}


def test_boxes_are_in_the_photographs_pixels() -> None:
    """The network saw the photograph squeezed: half as wide, and a quarter as high."""
    pytest.importorskip("pycocotools")
    found = _answers(_objects((10, 20, 60, 80, 0.9, 0)))
    annotated = _annotated((0, CAT, [20, 80, 100, 240]), scale=(2, 4))
    assert _by_metric(observe_detection(found, annotated, None))["average-precision"] == (1.0,)


@pytest.mark.parametrize(
    ("objects", "precision"),
    [
        ([(0, 0, 100, 100, 0.9, 1)], 0.0),  # another class
        ([(0, 0, 100, 60, 0.9, 0)], 1.0),  # an overlap of 0.6
        ([(0, 0, 100, 40, 0.9, 0)], 0.0),  # an overlap of 0.4
        ([(0, 0, 100, 100, 0.9, 0), (0, 0, 100, 100, 0.8, 0)], 1.0),  # found twice, the second time less surely
        ([(0, 0, 100, 100, 0.8, 0), (200, 0, 300, 100, 0.9, 0)], 0.5),  # something else is surer
    ],
    ids=["class", "0.6", "0.4", "twice", "false alarm first"],
)
def test_precision_at_half_an_overlap(objects: list[tuple[float, ...]], precision: float) -> None:
    """Known cases of COCO's rule."""
    pytest.importorskip("pycocotools")
    observed = observe_detection(_answers(_objects(*objects)), _annotated((0, CAT, [0, 0, 100, 100])), None)
    assert _by_metric(observed)["average-precision-50"] == pytest.approx((precision,))


def test_precision_over_ten_overlaps() -> None:
    """A box that overlaps by 0.62 counts at 0.5, 0.55 and 0.6: 3 of 10."""
    pytest.importorskip("pycocotools")
    observed = observe_detection(
        _answers(_objects((0, 0, 100, 62, 0.9, 0))), _annotated((0, CAT, [0, 0, 100, 100])), None
    )
    assert _by_metric(observed)["average-precision"] == pytest.approx((0.3,))


def test_what_is_missed_costs_recall() -> None:
    """Found on one of two photographs: the 51 of 101 recall levels up to one half have precision 1."""
    pytest.importorskip("pycocotools")
    annotated = _annotated((0, CAT, [0, 0, 50, 50]), (1, CAT, [0, 0, 50, 50]), images=2)
    found = _answers(_objects((0, 0, 50, 50, 0.9, 0)), _objects((0, 0, 1, 1, 0.1, 1)))
    assert _by_metric(observe_detection(found, annotated, None))["average-precision-50"] == pytest.approx((51 / 101,))


BOX = (0, 0, 100, 100, 0.9, 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ([BOX], [BOX], [True]),
        ([(0, 0, 100, 91, 0.5, 0)], [BOX], [True]),
        ([(0, 0, 100, 89, 0.9, 0)], [BOX], [False, False]),
        ([(0, 0, 100, 100, 0.9, 1)], [BOX], [False, False]),
        ([], [BOX], [False]),
        ([BOX, BOX], [BOX], [True, False]),
        ([(0, 0, 100, 100, 0.29, 0)], [BOX], [False]),
        ([(0, 0, 100, 100, 0.29, 0)], [], []),
    ],
    ids=["same", "0.91", "0.89", "class", "missed", "one too many", "unsure", "nothing"],
)
def test_boxes_agree_or_not(ours: list[tuple[float, ...]], theirs: list[tuple[float, ...]], same: list[bool]) -> None:
    """A pair counts once, a box without a counterpart once, whoever found it."""
    assert same_boxes(_objects(*ours), _objects(*theirs)).tolist() == same


def test_overlap_is_intersection_over_union() -> None:
    """Boxes side by side have none; a box without area has none either."""
    found = overlaps(_objects(BOX, (5, 5, 5, 5, 1, 0)), _objects(BOX, (0, 0, 50, 100, 1, 0), (100, 0, 200, 100, 1, 0)))
    assert found.tolist() == [[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]


def test_without_annotations_agreement_remains() -> None:
    """What the labels cannot say is left out, not guessed."""
    answers = _answers(_objects(BOX), _objects())
    assert observe_detection(answers, None, None) == ()
    assert _by_metric(observe_detection(answers, None, answers)) == {"same-boxes": (1.0,)}


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([], "0 answers to 1 samples"),
        ([{"z": np.zeros((1, 1, 6))}], "no array 'y'"),
        ([{"y": np.zeros((1, 6))}], r"shape \(1, 6\)"),
        ([{"y": np.full((1, 1, 6), np.inf)}], "not finite"),
    ],
)
def test_broken_answers_are_refused(answers: list[Arrays], problem: str) -> None:
    """A worker's nonsense is a failure, not a precision of zero."""
    with pytest.raises(WorkerError, match=problem):
        observe_detection(answers, _annotated(), None)


def test_who_finds_nothing_has_a_precision_of_zero() -> None:
    """Of each class that occurs; COCO's reader fails on an empty list."""
    pytest.importorskip("pycocotools")
    annotated = _annotated((0, CAT, [10, 20, 50, 60]), (0, DOG, [1, 2, 5, 6]))
    observed = _by_metric(observe_detection(_answers(_objects()), annotated, None))
    assert observed == {"average-precision-50": (0.0, 0.0), "average-precision": (0.0, 0.0)}
