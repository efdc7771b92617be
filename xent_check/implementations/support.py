"""Support: the options that each implementation's public API takes, by loss and input.

Adapters refuse problems by these tables, and `xent-check impls -v` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from xent_check.problem.options import CALLED
from xent_check.problem.vocabulary import (
    GIVEN,
    LAYOUTS,
    PARAMETERS,
    SCORED,
    AnyLayout,
    Given,
    Loss,
)

Support = Mapping[tuple[Loss, Given], frozenset[str]]

_AXIS = frozenset({"class_axis"})
_SAMPLES = frozenset({"sample_weight"})
_CLASSES = _AXIS | _SAMPLES | {"class_weight"}
_SMOOTH = frozenset({"label_smoothing"})
_FORMULA = _SMOOTH | {"smoothing_formula"}
_IGNORE = frozenset({"ignore_index"})
_BINARY = _SAMPLES | {"pos_weight"}
_PROBABILITIES: tuple[Given, ...] = ("logits", "probs")
_SCORES_GIVEN: tuple[Given, ...] = ("logits", "probs", "log_probs")  # without a layer before them
_SCORES = frozenset({"logit_scale", "softcap"})
_Z = frozenset({"z_loss"})
_SHIFT = frozenset({"shift"})
_LAYER = frozenset(PARAMETERS)


def _around(support: Support) -> Support:
    """With the options that users write around the loss, and a last layer that makes the logits of
    what is hidden (idioms.py)."""
    around = {
        (loss, given): options
        | {"num_items"}
        | (_SCORES if given == "logits" else frozenset())
        | (_Z if given == "logits" and loss != "binary" else frozenset())
        | (_SHIFT if loss == "sparse_categorical" else frozenset())
        for (loss, given), options in support.items()
    }
    behind: dict[tuple[Loss, Given], frozenset[str]] = {
        (loss, "hidden"): options | _LAYER
        for (loss, given), options in around.items()
        if given == "logits" and loss != "binary"
    }
    return around | behind


# What the arrays of a framework can be in memory, beside contiguous. None where it makes contiguous
# copies of whatever it is given: TensorFlow, JAX, ONNX Runtime.
NUMPY_LAYOUTS = LAYOUTS
MLX_LAYOUTS = LAYOUTS
TORCH_LAYOUTS: tuple[AnyLayout, ...] = ("transposed", "sliced", "expanded")  # no negative strides
PADDLE_LAYOUTS = TORCH_LAYOUTS

TF: Support = _around(
    {
        ("binary", "logits"): _BINARY,
        ("categorical", "logits"): _CLASSES,
        ("sparse_categorical", "logits"): _CLASSES | _IGNORE,
    }
)
KERAS: Support = _around(
    {
        **{("binary", given): _SAMPLES | _SMOOTH for given in _PROBABILITIES},
        **{("categorical", given): _CLASSES | _SMOOTH for given in _PROBABILITIES},
        **{("sparse_categorical", given): _CLASSES | _SMOOTH | _IGNORE for given in _PROBABILITIES},
    }
)
TORCH: Support = _around(
    {
        ("binary", "logits"): _BINARY,
        ("binary", "probs"): _SAMPLES,
        ("categorical", "logits"): _CLASSES | _SMOOTH,
        ("sparse_categorical", "logits"): _CLASSES | _SMOOTH | _IGNORE,
        ("sparse_categorical", "probs"): _CLASSES | _IGNORE,
        ("sparse_categorical", "log_probs"): _CLASSES | _IGNORE,
    }
)
# linear_cross_entropy, whose logits nobody sees; and in chunks, where it takes a path of its own.
TORCH_LINEAR: Support = {
    ("categorical", "hidden"): _LAYER | _SAMPLES | _SMOOTH | {"class_weight", "num_items"},
    ("sparse_categorical", "hidden"): _LAYER
    | _SAMPLES
    | _SMOOTH
    | _IGNORE
    | {"class_weight", "num_items"},
}
TORCH_CHUNKED: Support = {
    key: options - _SMOOTH
    for key, options in TORCH_LINEAR.items()
    if key == ("sparse_categorical", "hidden")
}
JAX: Support = _around(
    {
        **{("binary", given): _BINARY for given in _PROBABILITIES},
        **{("categorical", given): _CLASSES for given in _SCORES_GIVEN},
        **{("sparse_categorical", given): _CLASSES | _IGNORE for given in _SCORES_GIVEN},
    }
)
OPTAX: Support = _around(
    {
        ("binary", "logits"): _SAMPLES,
        ("categorical", "logits"): _CLASSES | _SMOOTH,
        ("sparse_categorical", "logits"): _CLASSES | _SMOOTH | _IGNORE,
    }
)
ONNX: Support = {
    ("sparse_categorical", "logits"): _AXIS | _IGNORE | {"class_weight"},
}
SKLEARN: Support = {
    ("binary", "probs"): _SAMPLES,
    ("categorical", "probs"): _SAMPLES | _AXIS,
    ("sparse_categorical", "probs"): _SAMPLES | _AXIS,
}
MLX: Support = {
    **{("binary", given): _SAMPLES for given in _PROBABILITIES},
    ("categorical", "logits"): _SAMPLES | _AXIS | _SMOOTH,
    ("sparse_categorical", "logits"): _SAMPLES | _AXIS | _SMOOTH,
    ("sparse_categorical", "log_probs"): _AXIS,
}
PADDLE: Support = {
    ("binary", "logits"): _BINARY,
    ("binary", "probs"): _SAMPLES,
    ("categorical", "logits"): _AXIS | _SMOOTH | {"class_weight"},
    ("sparse_categorical", "logits"): _AXIS | _SMOOTH | _IGNORE | {"class_weight"},
    ("sparse_categorical", "log_probs"): _AXIS | _IGNORE | {"class_weight"},
}
EVERYTHING: Support = _around(
    {
        **{("binary", given): _BINARY | _SMOOTH for given in _SCORES_GIVEN},
        **{("categorical", given): _CLASSES | _FORMULA for given in _SCORES_GIVEN},
        **{("sparse_categorical", given): _CLASSES | _FORMULA | _IGNORE for given in _SCORES_GIVEN},
    }
)
BY_NAME: Support = {
    (loss, given): frozenset(o.key for o in CALLED if o.applies(loss, given))
    for loss in get_args(Loss)
    for given in GIVEN
    if not (loss == "binary" and given == "hidden")
}
FROM_LOGITS: Support = {key: options for key, options in EVERYTHING.items() if key[1] in SCORED}
