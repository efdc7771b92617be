"""Data rules: options fit the loss, labels are classes, probabilities are probabilities.

The keys of mistakes in an array are indices into it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import Mistake, and_more
from xent_check.problem.dtypes import unit_roundoff
from xent_check.problem.options import OPTIONS, Option
from xent_check.problem.vocabulary import GIVEN, DType, Given, Loss

from .case import CaseFields

Array = npt.NDArray[Any]
_SAY_NORMALIZE = "say whether to divide by the sum: `normalize: true` or `normalize: false`"


def misplaced_options(fields: CaseFields, given: Given) -> Iterator[Mistake]:
    """The options that are set and mean nothing for the case's loss or its input."""
    for option in OPTIONS:
        stated = fields.option_value(option.key)
        if stated is None or option.posed(stated) == option.defaults:
            continue
        if not option.applies(fields.loss, given):
            any_input = option.given == GIVEN
            use = f"the loss {fields.loss}" if any_input else f"{fields.loss} from {given}"
            yield _misplaced_option(option, f"set for {use}", _scope_text(option))
        elif option.of_gradient and not fields.options.gradient:
            check = "`check: [value, gradient]`"
            yield _misplaced_option(option, "set where no gradient is checked", check)


def _misplaced_option(option: Option, fault: str, home: str) -> Mistake:
    return Mistake((option.key,), fault, f"with {home}", option.misplaced)


def _scope_text(option: Option) -> str:
    """The losses and the inputs that an option applies to, in words."""
    plural = "s" if len(option.losses) > 1 else ""
    losses = f"the loss{'es' if plural else ''} {' and '.join(option.losses)}"
    return losses if option.given == GIVEN else f"{losses}, from {' or '.join(option.given)}"


def outside_labels(
    labels: Array, loss: Loss, classes: int, ignore_index: int | None, shift: int | None
) -> Iterator[Mistake]:
    """The first class index that is neither ignored nor one of `classes`; the first binary label
    outside [0, 1]; the first of the loss categorical that is not finite. Those that a `shift` lets
    meet no scores may be any numbers.

    labels: int64 class indices of the samples' shape, or floats, those of categorical in the dtype.
    """
    if loss == "sparse_categorical":
        outside = (labels < 0) | (labels >= classes)
        if ignore_index is not None:
            outside &= labels != ignore_index
        if shift is not None:
            outside[..., :shift] = False
        allowed = f"0 to {classes - 1}"
    elif loss == "binary":
        outside, allowed = ~((labels >= 0) & (labels <= 1)), "0 to 1"
    elif np.isfinite([labels.min(initial=0), labels.max(initial=0)]).all():  # without an array
        return
    else:
        outside, allowed = ~np.isfinite(labels), "finite numbers"
    if outside.any():
        index = _first_index(outside)
        others = and_more(int(outside.sum()) - 1)
        more = f" ({others} outside)" if others else ""
        advice = "mend the label, or declare under `expect` what each implementation does with it"
        yield Mistake(index, f"label {labels[index]}{more}", allowed, advice)


def bad_probabilities(
    probs: Array, loss: Loss, dtype: DType, class_axis: int, normalize: bool | None
) -> Iterator[Mistake]:
    """The first probability below 0; else the first above 1, unless rows are divided by their sums
    (`normalize: true`); else the first row that does not sum to 1, where `normalize` is not set. A
    sum may be off by the rounding of its terms, at least 1e-6.

    probs: of the values' shape, rounded to the dtype. class_axis: of the rows; the loss binary has
    none.
    """
    probs = probs.astype(np.float64)
    above_one_allowed = normalize is True and loss != "binary"
    for wrong, allowed, advice in (
        (probs < 0, "0 or more", "logits are given as `logits`"),
        ((probs > 1) & (not above_one_allowed), "at most 1", _advice_above(loss)),
    ):
        if wrong.any():
            index = _first_index(wrong)
            yield Mistake(index, f"probability {probs[index]:g}", allowed, advice)
            return
    if loss == "binary" or normalize is not None:
        return
    rows = np.moveaxis(probs, class_axis, -1)
    within = max(1e-6, rows.shape[-1] * unit_roundoff(dtype))
    # float64 sums err by less than the margin; only the rows near or beyond it are summed exactly
    suspect = np.abs(rows.sum(axis=-1) - 1) > within - rows.shape[-1] * 2.0**-51
    for place in np.argwhere(suspect & np.isfinite(rows).all(axis=-1)):
        index = tuple(int(i) for i in place)
        total = math.fsum(rows[index])
        if abs(total - 1) > within:
            in_place = class_axis % probs.ndim == probs.ndim - 1
            fault = f"{'the row' if in_place else f'sample {list(index)}'} sums to {total:.7g}"
            allowed = f"1 within {within:.2g}".replace("e-0", "e-")
            yield Mistake(index if in_place else (), fault, allowed, _SAY_NORMALIZE)
            return


def _advice_above(loss: Loss) -> str:
    if loss == "binary":
        return "logits are given as `logits`"
    return "to divide each row by its sum, add `normalize: true`"


def _first_index(wrong: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
