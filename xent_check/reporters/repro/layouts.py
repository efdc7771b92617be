"""Layouts in a script: the lines that bring arrays into memory that is not contiguous."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xent_check.implementations.program import layouts_of, problem_arrays
from xent_check.problem.laid_out import layout_in
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import AnyLayout

# By the host of a script. x: the array. between: what stands between its numbers in memory. back:
# the index of all its numbers from the end.
_EXPRESSIONS: Mapping[str, Mapping[AnyLayout, str]] = {
    "numpy": {
        "transposed": "np.ascontiguousarray({x}.swapaxes(0, 1)).swapaxes(0, 1)",
        "sliced": "np.stack([{x}, {between}], axis=-1)[..., 0]",
        "reversed": "np.ascontiguousarray({x}[{back}])[{back}]",
    },
    "torch": {
        "transposed": "{x}.transpose(0, 1).contiguous().transpose(0, 1)",
        "sliced": "torch.stack([{x}, {between}], dim=-1)[..., 0]",
        "expanded": "{x}.flatten()[0].expand({x}.shape)",
    },
    "mlx": {
        "transposed": "mx.swapaxes(mx.contiguous(mx.swapaxes({x}, 0, 1)), 0, 1)",
        "sliced": "mx.stack([{x}, {between}], axis=-1)[..., 0]",
        "reversed": "mx.contiguous({x}[{back}])[{back}]",
        "expanded": "mx.broadcast_to(mx.flatten({x})[0], {x}.shape)",
    },
    "paddle": {
        "transposed": "paddle.swapaxes(paddle.swapaxes({x}, 0, 1).contiguous(), 0, 1)",
        "sliced": "paddle.stack([{x}, {between}], axis=-1)[..., 0]",
        "expanded": "paddle.as_strided({x}, {x}.shape, [0] * {x}.ndim)",
    },
}
_NAMESPACES = {"numpy": "np", "torch": "torch", "mlx": "mx", "paddle": "paddle"}


@dataclass(frozen=True)
class LaidOut:
    """An array that a script has to lay out."""

    layout: AnyLayout
    """what it is in memory"""
    axes: int
    """how many it has"""
    whole: bool
    """whether its numbers are integers"""


def laid_out_arrays(problem: Problem) -> dict[str, LaidOut]:
    """Those of a problem, by name, as implementations get them."""
    arrays = problem_arrays(problem)
    return {
        name: LaidOut(
            layout_in(arrays[name].shape, layout), arrays[name].ndim, arrays[name].dtype.kind == "i"
        )
        for name, layout in layouts_of(problem).items()
        if arrays[name].size
    }


def layout_lines(arrays: Mapping[str, LaidOut], host: str) -> list[str]:
    """The lines that lay out arrays of the host's under their names. host: numpy, torch, mlx or
    paddle; others have no such arrays."""
    lines = []
    for name, array in arrays.items():
        between = name if array.whole else f"{_NAMESPACES[host]}.full_like({name}, nan)"
        back = ", ".join(["::-1"] * array.axes)
        expression = _EXPRESSIONS[host].get(array.layout, "")
        if expression:  # NumPy takes no gradients, and needs no cotangent
            lines.append(f"{name} = {expression.format(x=name, between=between, back=back)}")
    return lines
