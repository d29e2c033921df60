"""Quality of object detection: average precision as COCO computes it, and boxes that agree with the baseline's."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import OUTPUT, floats, proportion
from generator.workloads.workload import Arrays

AP_50 = "average-precision-50"
AP = "average-precision"
SAME_BOXES = "same-boxes"

SURE = 0.3
"""Lowest score of an object that is compared with the baseline's."""

SAME_OVERLAP = 0.9
"""Least overlap (intersection over union) of two boxes that count as the same one."""

Objects = NDArray[np.float64]
"""(objects, 6): left, top, right, bottom, score, class."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """What is on the photographs, in COCO's form."""

    annotations: Mapping[str, Any]
    """Images, annotations and categories, as they stand in COCO's files."""

    images: tuple[int, ...]
    """Id of each photograph, in the order of the samples."""

    scales: tuple[tuple[float, float], ...]
    """Photograph's pixels to one of the network's, across and down."""

    categories: tuple[int, ...]
    """COCO's id of each of the network's classes."""


def observe_detection(
    outputs: Sequence[Arrays], annotated: Annotated | None, baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Compare objects with the annotations where known, and with the baseline's where given.

    Args:
        outputs: for each photograph an array "y", (1, objects, 6), see `Objects`, in the network's pixels.
        annotated: what is there.
        baseline: the same outputs of the baseline.

    Returns:
        With the annotations, a value a class that occurs: average precision at an overlap of 0.5, and the mean of those
        at 0.5, 0.55, ... 0.95; their means over the classes are COCO's AP50 and AP. Against the baseline, a value a box
        that either found with a score of at least 0.3: whether the other has the same class there, with an overlap of
        0.9 or more.

    Raises:
        WorkerError: when an answer is missing, has another shape or is not finite.
    """
    ours = _objects(outputs, len(outputs) if annotated is None else len(annotated.images))
    observed = list[Observations]()
    if annotated is not None:
        precision = average_precisions(ours, annotated)
        for metric, values in ((AP_50, precision[0]), (AP, precision.mean(axis=0))):
            observed.append(Observations(metric=metric, kind="mean", reference="label", values=floats(values)))
    if baseline is not None:
        pairs = zip(ours, _objects(baseline, len(ours)), strict=True)
        same = np.concatenate([same_boxes(one, other) for one, other in pairs])
        observed.append(proportion(SAME_BOXES, "baseline", same))
    return tuple(observed)


def average_precisions(found: Sequence[Objects], annotated: Annotated) -> NDArray[np.float64]:
    """Average precision with at most 100 objects a photograph, by COCO's own evaluation.

    Args:
        found: objects of each photograph, in the network's pixels.
        annotated: what is there.

    Returns:
        (10, classes): for overlaps from 0.5 to 0.95, the classes that occur in the order of their ids.
    """
    rows = _rows(found, annotated)
    if not len(rows):  # COCO's own reader fails on an empty list; who finds nothing has a precision of 0 everywhere
        return np.zeros((10, len(_classes(annotated))))
    # MissingPackage was raised long before, by whoever read the annotations.
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # the evaluation prints its progress
        truth = COCO()
        truth.dataset = dict(annotated.annotations)
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(rows), "bbox")
        evaluation.params.imgIds = list(annotated.images)
        evaluation.evaluate()
        evaluation.accumulate()
    # (overlaps, recalls, classes, sizes, limits): objects of all sizes, at most 100; -1 where a class does not occur.
    precision: NDArray[np.float64] = evaluation.eval["precision"][:, :, :, 0, -1]
    over_recalls: NDArray[np.float64] = precision[:, :, (precision > -1).all(axis=(0, 1))].mean(axis=1)
    return over_recalls


def _classes(annotated: Annotated) -> frozenset[int]:
    """Classes that occur in the photographs; crowds are left out, as in COCO's evaluation."""
    there = frozenset(annotated.images)
    objects = annotated.annotations["annotations"]
    return frozenset(one["category_id"] for one in objects if one["image_id"] in there and not one.get("iscrowd"))


def _rows(found: Sequence[Objects], annotated: Annotated) -> NDArray[np.float64]:
    """Objects as COCO's evaluation takes them: image, left, top, width, height, score, category."""
    rows = list[NDArray[np.float64]]()
    for image, (across, down), objects in zip(annotated.images, annotated.scales, found, strict=True):
        left, top, right, bottom, scores, classes = objects.T
        categories = np.array(annotated.categories, np.float64)[classes.astype(int)]
        sides = (left * across, top * down, (right - left) * across, (bottom - top) * down)
        rows.append(np.column_stack([np.full(len(objects), image, np.float64), *sides, scores, categories]))
    return np.concatenate(rows) if rows else np.empty((0, 7))


def same_boxes(ours: Objects, theirs: Objects) -> NDArray[np.bool_]:
    """Whether boxes that either found surely have a counterpart: first the pairs, then those without one.

    The surest of theirs chooses first, and takes the one of ours that overlaps it most.
    """
    ours, theirs = ours[ours[:, 4] >= SURE], theirs[theirs[:, 4] >= SURE]
    theirs = theirs[np.argsort(-theirs[:, 4], kind="stable")]
    overlap = np.where(theirs[:, np.newaxis, 5] == ours[:, 5], overlaps(theirs, ours), 0.0)
    pairs = 0
    for row in overlap:
        if len(row) and row.max() >= SAME_OVERLAP:
            overlap[:, int(row.argmax())] = 0.0  # it is taken
            pairs += 1
    same: NDArray[np.bool_] = np.arange(len(ours) + len(theirs) - pairs) < pairs
    return same


def overlaps(some: Objects, others: Objects) -> NDArray[np.float64]:
    """Intersection over union of each box of some with each of others, (some, others)."""
    upper_left = np.maximum(some[:, np.newaxis, :2], others[:, :2])
    lower_right = np.minimum(some[:, np.newaxis, 2:4], others[:, 2:4])
    common = np.maximum(lower_right - upper_left, 0).prod(axis=2)
    union = _areas(some)[:, np.newaxis] + _areas(others) - common
    shares: NDArray[np.float64] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return shares


def _areas(boxes: Objects) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = np.maximum(boxes[:, 2:4] - boxes[:, :2], 0).prod(axis=1)
    return areas


def _objects(outputs: Sequence[Arrays], count: int) -> list[Objects]:
    """Objects of each photograph.

    Raises:
        WorkerError: when an answer is missing, has another shape or is not finite.
    """
    if len(outputs) != count:
        raise WorkerError("quality", f"there are {len(outputs)} answers to {count} samples")
    objects = list[Objects]()
    for index, output in enumerate(outputs):
        found = output.get(OUTPUT)
        if found is None or found.ndim != 3 or found.shape[0] != 1 or found.shape[2] != 6:
            form = "no array 'y'" if found is None else f"'y' of shape {found.shape}"
            raise WorkerError("quality", f"the answer to sample {index} has {form}, not (1, objects, 6)")
        objects.append(found[0].astype(np.float64))
        if not np.isfinite(objects[-1]).all():
            raise WorkerError("quality", f"the answer to sample {index} is not finite")
    return objects
