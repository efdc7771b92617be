"""Bugs in the programs that are compiled once for problems of one outline."""

from __future__ import annotations

from tests.planted import Bug

OUTLINE = "test_outline.py"

BUGS = (
    Bug(
        "a scalar option is built into a program that answers others", "outline:Outline",
        "f in fields(self)]", "f in fields(self) if type(getattr(self, f.name)) is not float]",
        OUTLINE, "written_differently",
    ),
    Bug(
        "soft labels get the program of one-hot ones", "outline:Outline",
        "problem.class_weight is not None and problem.has_one_hot_labels",
        "problem.class_weight is not None", OUTLINE, "class_weights_alone",
    ),
    Bug(
        "a program fills up every shifted problem with the label of the first", "outline:Outline",
        "shift_filler=0 if problem.shift is None else problem.filler", "shift_filler=-100", OUTLINE,
        "could_fill_up",
    ),
    Bug(
        "an outline keeps the numbers of its arrays", "outline:_blank",
        "Blank(value) if isinstance(value, np.ndarray) else value", "value", OUTLINE,
        "make_no_difference",
    ),
    Bug(
        "the numbers of an outline are compared, and differ", "outline:Blank",
        "__array__ = __eq__ = ", "__array__ = ", OUTLINE, "no_numbers",
    ),
    Bug(
        "every problem is compiled for itself under JAX", "adapters.jax:_jitted",
        "@lru_cache(PROGRAMS)", "@lru_cache(0)", "test_one_program.py", "not_traced_again",
    ),
    Bug(
        "a graph's failure tells how many were traced before", "adapters.tensorflow:run",
        "with _plain_messages() if mode else contextlib.nullcontext():", "if True:",
        "test_one_program.py", "reads_the_same",
    ),
)  # fmt: skip
