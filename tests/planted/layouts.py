"""Bugs of arrays that are not contiguous."""

from __future__ import annotations

from tests.planted import Bug

MADE = "test_laid_out.py"
GIVEN = "implementations/test_layouts.py"
TORCH = "frameworks/test_layouts.py"

BUGS = (
    Bug(
        "a transposed array is one of Fortran's", "laid_out:_transposed",
        "np.ascontiguousarray(array.swapaxes(0, 1)).swapaxes(0, 1)", 'np.array(array, order="F")',
        MADE, "strides",
    ),
    Bug(
        "one axis transposed is contiguous", "laid_out:layout_in",
        'return "sliced"', "return layout", MADE, "one_axis",
    ),
    Bug(
        "0 stands between sliced scores", "laid_out:_sliced",
        "np.full(array.shape, np.nan, array.dtype)", "np.zeros(array.shape, array.dtype)",
        MADE, "nans",
    ),
    Bug(
        "an expanded array has all its numbers in memory", "laid_out:_expanded",
        "(0,) * array.ndim", "array.strides", MADE, "one_number",
    ),
    Bug(
        "memory begins with the first number", "laid_out:flat_memory",
        "first = -sum(span for span in spans if span < 0)", "first = 0", MADE, "flat_memory",
    ),
    Bug(
        "labels stay contiguous", "program:layouts_of",
        '"labels": problem.layout', '"labels": None', GIVEN, "laid_out",
    ),
    Bug(
        "the layout of a cotangent is forgotten", "program:layouts_of",
        "layouts |= {name: getattr(problem, field) for name, field in LAYOUTS.items()}", "pass",
        GIVEN, "layout_of_its_own",
    ),
    Bug(
        "who has no such memory gets copies", "program:refuse_layouts",
        "if lacking:", "if False:", GIVEN, "copies",
    ),
    Bug(
        "NumPy's losses get copies", "own.framework:_to_numpy_array",
        "return array.copy() if array.flags.c_contiguous else array", "return array.copy()",
        GIVEN, "views",
    ),
    Bug(
        "the formulas compute on the problem's arrays", "manual:run",
        "answer(in_memory.aligned, formula)", "answer(problem.aligned, formula)",
        GIVEN, "formulas",
    ),
    Bug(
        "tensors are copies", "adapters.torch:to_tensor",
        "if not array.flags.c_contiguous:", "if False:", TORCH, "views",
    ),
    Bug(
        "a script slices nothing", "repro.layouts:layout_lines",
        "lines.append(", "str(", "test_repro_layouts.py",
    ),
)  # fmt: skip
