"""docs/options.md, made from the table of options."""

from __future__ import annotations

from typing import get_args

from xent_check.problem.options import (
    OPTIONS,
    Axis,
    Flag,
    Number,
    NumberArray,
    Option,
    Shape,
    Whole,
    Word,
    Words,
)
from xent_check.problem.vocabulary import GIVEN, Loss

_HEAD = """\
# Options of a case

What a case may say beside its inputs (`loss`, `logits`, `probs` or `log_probs`, `labels`, `dtype`).
`xent-check eval` has each as an option of its own, `--class-axis` for `class_axis`. An array is
rounded to the case's dtype, and takes every form that `logits` takes; a single number is not
rounded, but for a `pos_weight`, which is rounded as an array of it is.

| option | value | default | with | meaning | also, as an argument of your function |
|---|---|---|---|---|---|
"""
_TAIL = """
An implementation whose public API cannot say an option that a case sets is `unsupported`;
`xent-check impls -v` shows which those are. `normalize` says what the exact value is, and every
implementation gets the probabilities as they are.

`check` asks for the losses (`value`), the `gradient`, and three further checks, by more calls:
`inputs` (the arrays that were given are unchanged), `repeatable` (a second call gives the same
bits) and `batch` (a loss does not depend on the other rows); see
[Your own loss](how-to/own-loss.md).

Made from the table in `xent_check/problem/options.py` by
`UPDATE_EXPECTED=1 pytest tests/problem/test_options.py`.
"""
_SHAPES: dict[Shape, str] = {
    "classes": "an array: one number per class",
    "samples": "an array: one number per sample",
    "matrix": "an array, [classes, features]",
    "trailing": "a number, or an array of the last axes of the logits",
}


def page() -> str:
    """The whole file."""
    return _HEAD + "".join(f"| {' | '.join(_cells(option))} |\n" for option in OPTIONS) + _TAIL


def _cells(option: Option) -> tuple[str, ...]:
    synonyms = ", ".join(f"`{name}`" for name in option.synonyms)
    meaning = option.meaning
    return f"`{option.key}`", _value(option), _default(option), _home(option), meaning, synonyms


def _value(option: Option) -> str:
    match option.kind:
        case Axis():
            return "an axis"
        case Flag():
            return "`true` or `false`"
        case Whole(least):
            return "a whole number" if least is None else f"a whole number, {least} or more"
        case Number(least, above, most):
            words = [f"{least:g} or more"] if least is not None else []
            words += [f"more than {above:g}"] if above is not None else []
            words += [f"at most {most:g}"] if most is not None else []
            return ", ".join(["a number", *words])
        case NumberArray(shape, layout):
            forms = "`{transposed: ARRAY}`, `{sliced: ARRAY}` or `{expanded: NUMBER}`"
            return _SHAPES[shape] + (f"; not contiguous in memory as {forms}" if layout else "")
        case Word(allowed):
            return " or ".join(f"`{word}`" for word in allowed)
        case Words(allowed):
            return f"some of {', '.join(f'`{word}`' for word in allowed)}"


def _default(option: Option) -> str:
    if isinstance(option.kind, Words):
        return ", ".join(f"`{word}`" for word in option.kind.default) or "none"
    if isinstance(option.kind, Word):
        return "none" if option.default is None else f"`{option.default}`"
    return "none" if option.default is None else f"`{option.default:g}`"


def _home(option: Option) -> str:
    losses = "every loss" if option.losses == get_args(Loss) else ", ".join(option.losses)
    given = "" if option.given == GIVEN else f", from {' or '.join(option.given)}"
    return losses + given + (", where the gradient is checked" if option.of_gradient else "")
