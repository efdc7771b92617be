"""Program: one problem's public API calls, losses, totals and gradient, ready to be compiled."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from xent_check.problem.evaluation import Unsupported, UnsupportedError
from xent_check.problem.laid_out import laid_out
from xent_check.problem.options import ARRAYS, LAYOUTS
from xent_check.problem.problem import Array, Problem
from xent_check.problem.vocabulary import PARAMETER_PARTS, AnyLayout, Parameter, Reduction

from .recording import Calls
from .support import Support

NativeArrays = Mapping[str, Any]
# The losses where the reduction is None, else their total.
LossFunction = Callable[[Calls, Problem, NativeArrays, Reduction | None], Any]
# The total of losses that are computed already.
TotalFunction = Callable[[Calls, Problem, NativeArrays, Any, Reduction], Any]
# (losses of inputs, the inputs, the cotangent) -> (losses, the gradient by each input)
Differentiate = Callable[[Callable[..., Any], Sequence[Any], Any], tuple[Any, Sequence[Any]]]

LOSSES, GRADIENT = "losses", "gradient"


def problem_arrays(problem: Problem) -> dict[str, Any]:
    """The problem's arrays by their names in the contract, in the memory that it asks for."""
    layouts = layouts_of(problem)
    arrays: dict[str, Any] = {problem.given: problem.values}
    arrays |= {name: getattr(problem, name) for name in array_names(problem) if name not in arrays}
    return {name: laid_out(array, layouts.get(name)) for name, array in arrays.items()}


def array_names(problem: Problem) -> list[str]:
    """The names of the problem's arrays in the contract."""
    return [problem.given, "labels", *(k for k in ARRAYS if getattr(problem, k) is not None)]


def layouts_of(problem: Problem) -> dict[str, AnyLayout]:
    """What is not contiguous in memory, by the name of the array."""
    layouts: dict[str, AnyLayout | None] = {problem.given: problem.layout, "labels": problem.layout}
    layouts |= {name: getattr(problem, field) for name, field in LAYOUTS.items()}
    return {name: layout for name, layout in layouts.items() if layout is not None}


def gradients_in(
    answers: Mapping[str, Any], problem: Problem, to_numpy: Callable[[Any], Array]
) -> tuple[Array | None, dict[Parameter, Array]]:
    """The gradients among a program's answers, as NumPy arrays: by the values, None where the
    problem asks for none, and by each parameter of a last layer."""
    if not problem.gradient:
        return None, {}
    by_parameters = {p: to_numpy(answers[PARAMETER_PARTS[p]]) for p in problem.parameters}
    return to_numpy(answers[GRADIENT]), by_parameters


def refuse_layouts(problem: Problem, had: Collection[AnyLayout], owner: str) -> None:
    """UnsupportedError where an array is asked for in a memory that `owner` does not have; copies
    would be given in its place."""
    lacking = sorted({*layouts_of(problem).values()} - {*had})
    if lacking:
        raise UnsupportedError(f"{owner} has no arrays that are {' or '.join(lacking)} in memory")


def refuse_what_is_not_supported(
    problem: Problem, supported: Support, owner: str, layouts: Collection[AnyLayout] = ()
) -> None:
    """UnsupportedError where `supported` lacks the loss, its input or an option, and where arrays
    have to be in another memory than in one of `layouts`. owner: the API."""
    loss, given = problem.loss, problem.given
    if (loss, given) not in supported:
        raise UnsupportedError(f"{owner} has no {loss} loss from {given}")
    missing = sorted(problem.options - supported[loss, given])
    if missing:
        raise UnsupportedError(f"{owner}: {loss} from {given} has no {', '.join(missing)}")
    refuse_layouts(problem, layouts, owner)


class Program:
    """Calls `function` for the losses, and for each total unless `total` reduces the losses.

    roots: the modules of public names, by the first part of the name. compiler: the expression that
    compiles, such as `jax.jit({})`; empty for none. calls: the expressions called so far, by part:
    the losses or a reduction. unsupported: the reductions that the API does not have.
    """

    def __init__(
        self,
        roots: Mapping[str, Any],
        problem: Problem,
        function: LossFunction,
        differentiate: Differentiate,
        compiler: str = "",
        total: TotalFunction | None = None,
    ) -> None:
        self._total = total
        self._roots = roots
        self._problem = problem
        self._function = function
        self._differentiate = differentiate
        self._compiler = compiler
        self.calls: dict[str, str] = {}
        self.unsupported: dict[Reduction, Unsupported] = {}

    def __call__(self, arrays: NativeArrays) -> dict[str, Any]:
        """The losses, the gradient where the problem asks for it, and each reduction's total."""
        given = self._problem.given
        if self._problem.gradient:
            by = (given, *self._problem.parameters)
            losses, gradients = self._differentiate(
                lambda *inputs: self.losses({**arrays, **dict(zip(by, inputs, strict=True))}),
                [arrays[name] for name in by],
                arrays.get("cotangent"),
            )
            parts = (GRADIENT, *(PARAMETER_PARTS[p] for p in self._problem.parameters))
            answers = {LOSSES: losses, **dict(zip(parts, gradients, strict=True))}
        else:
            answers = {LOSSES: self.losses(arrays)}
        for reduction in self._problem.reductions:
            try:
                answers[reduction] = self._call(arrays, reduction, answers[LOSSES])
            except UnsupportedError as error:
                self.unsupported[reduction] = Unsupported(str(error))
        return answers

    def losses(self, arrays: NativeArrays) -> Any:
        """The losses alone."""
        return self._call(arrays, None)

    @property
    def text(self) -> str:
        """The expression of the losses, compiled where there is a compiler; valid Python."""
        return compiled(self._compiler, self.calls.get(LOSSES, ""), array_names(self._problem))

    @contextlib.contextmanager
    def tracked(self) -> Iterator[None]:
        """Attach the expressions called so far to an error that is raised inside."""
        try:
            yield
        except Exception as error:
            with contextlib.suppress(Exception):
                error.xent_check_calls = (self.text, self.calls)  # type: ignore[attr-defined]
            raise

    def _call(self, arrays: NativeArrays, reduction: Reduction | None, losses: Any = None) -> Any:
        call = Calls(self._roots)
        for name, array in arrays.items():
            call.named(name, array)
        part = reduction or LOSSES
        try:
            if reduction is not None and self._total is not None:
                call.named(self.calls[LOSSES], losses)
                answer = self._total(call, self._problem, arrays, losses, reduction)
            else:
                answer = self._function(call, self._problem, arrays, reduction)
        except UnsupportedError:
            raise
        except Exception:
            self.calls[part] = call.last
            raise
        self.calls[part] = call.text(answer)
        return answer


def compiled(compiler: str, expression: str, names: Iterable[str]) -> str:
    """`jax.jit(lambda logits, labels: ...)(logits, labels)`; the expression without a compiler."""
    if not compiler or not expression:
        return expression
    arguments = ", ".join(names)
    function = f"lambda {arguments}: {expression}"
    return f"{compiler.replace('{}', function)}({arguments})"
