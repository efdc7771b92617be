"""Asking: a user's loss called with the arrays of one problem, and its answer read.

It runs wherever the callable is: in a worker, or in the process of who calls the Python API.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS, Parameter, Reduction

from ..conduct import watched
from ..declaration import EXPLICIT, NOTHING, Declaration, Returns
from ..program import GRADIENT, LOSSES, problem_arrays, refuse_layouts
from .advising import advised
from .answers import AnswerError, device_of, gradient_of, losses_of
from .framework import NUMPY, Framework, framework_of
from .guess import guessed, other_frameworks
from .signature import SCORES, Plan, planned, refuse_unknown_parameters

Array = npt.NDArray[Any]
CALLED = "loss"  # the name of a user's loss in a script


@dataclass(frozen=True)
class UserLoss:
    """A callable of the user, and how it is called."""

    target: Callable[..., Any]  # a function, a class of losses, or an instance of one
    shown: str  # its name in calls and messages
    framework: Framework  # of the arrays that it gets
    device: str = "cpu"  # where those are
    found_by: str = ""  # what says whose arrays it takes; empty where its user does, or nothing
    other_arrays: str = ""  # how to say that it takes others; empty where its user has said whose
    declared: Declaration = NOTHING  # what its user says of it


def user_loss(
    target: Callable[..., Any],
    shown: str,
    framework: str = "",
    device: str = "cpu",
    declared: Declaration = NOTHING,
) -> UserLoss:
    """The loss of a callable. framework: a name, or "" to find it out. ImportError where the
    framework is not installed; ValueError for a device that it does not have, and for a declared
    parameter that its signature lacks."""
    refuse_unknown_parameters(target, shown, declared)
    name, found_by = (framework, "") if framework else guessed(target)
    if name == NUMPY.name and device == "cuda":
        raise ValueError(
            f"{shown} gets NumPy arrays, which are on the CPU: leave @{device} out, or say whose "
            f"arrays it takes, as in torch={shown}@{device}"
        )
    others = "" if framework else _how_to_say_others(target, shown, name)
    return UserLoss(target, shown, framework_of(name), device, found_by, others, declared)


def _how_to_say_others(target: Callable[..., Any], shown: str, name: str) -> str:
    others = " or ".join(f"{other}={shown}" for other in other_frameworks(target, name))
    return f"it got arrays of {name}; where it takes others, say {others}"


class _OutsideError(Exception):
    """The answer is no array of the framework, which has no gradient of it then."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


def ask(problem: Problem, loss: UserLoss, returns: Returns = "losses") -> Computed:
    """The answer of one call, and its gradient where the problem asks for that.

    returns: what the answer is. UnsupportedError where the signature cannot say the problem;
    TypeError where the answer holds no losses; whatever the callable raises.
    """
    framework, given = loss.framework, problem.given
    refuse_layouts(problem, framework.layouts, framework.name)
    plan = planned(problem, loss.target, loss.shown, loss.declared)
    notes: list[str] = []
    slopes: list[Any] = []
    beside: list[str] = []  # what gets an array of the shape of a gradient, which is taken for none
    main = returns if returns in REDUCTIONS else LOSSES
    texts: dict[str, str] = {}  # what gets each part out of what it returned
    differentiated = problem.gradient and framework.differentiate and returns != EXPLICIT
    with framework.inside(problem.dtype, loss.device):
        arrays = problem_arrays(problem)
        native = {key: framework.to_native(array, loss.device) for key, array in arrays.items()}
        conduct = watched(problem, {**native}, framework.to_numpy)
        names = (given, *problem.parameters)
        inputs = [native.pop(given), *(native[p] for p in problem.parameters)]
        cotangent = native.pop("cotangent", None)

        def losses(values: Any, *parameters: Any) -> Any:
            native.update(zip(problem.parameters, parameters, strict=True))
            target = loss.target
            if plan.made is not None:
                target = plan.made.call(target, native)
                if loss.device != "cpu" and hasattr(target, "to"):
                    target = target.to(loss.device)
            returned = plan.called.call(target, native | {SCORES: values})
            shape = () if returns in REDUCTIONS else problem.samples_shape
            part = losses_of(returned, framework, shape, notes, loss.shown)
            answer, texts[main] = part.array, part.text
            if returns == "losses" and problem.gradient and framework.differentiate is None:
                unheld = gradient_of(returned, framework, answer, problem.values.shape)
                beside[:] = [] if unheld is None else [unheld.text]
            if returns == EXPLICIT:
                notes.clear()
                shape = problem.values.shape
                explicit = gradient_of(returned, framework, answer, shape)
                if explicit is not None:
                    slopes.append(explicit.array)
                    texts[GRADIENT] = explicit.text
                elif loss.declared.returns == EXPLICIT:
                    raise AnswerError(
                        "no gradient beside its losses",
                        f"it is declared to, an array of the scores' shape {list(shape)}",
                    )
            if (device := device_of(answer)) not in ("", loss.device):
                notes.append(f"its losses are on {device}, and its scores were on {loss.device}")
            if differentiated and not framework.is_native(answer):
                raise _OutsideError(answer)
            return answer

        call = _call_text(plan, loss, given, arrays)
        in_full = _call_text(plan, loss, given, arrays, CALLED)
        start = time.perf_counter()
        taken: Sequence[Any] = []
        with advised(call, {main: in_full}, loss.other_arrays):
            if differentiated and framework.differentiate is not None:
                weights = None if returns in REDUCTIONS else cotangent
                try:
                    if weights is not None and _gives_the_met_alone(problem, losses(*inputs)):
                        weights = weights[..., : -(problem.shift or 0)]
                    answer, taken = framework.differentiate(losses, inputs, weights)
                except _OutsideError as error:
                    answer = error.answer
            else:
                answer, taken = losses(*inputs), slopes
        native_answer = framework.is_native(answer)
        numbers = framework.to_numpy(answer) if native_answer else np.asarray(answer)
        if returns not in REDUCTIONS and _gives_the_met_alone(problem, numbers):
            numbers = _with_the_unmet(problem, numbers)
            notes.append("it gives no loss of positions that meet no label: those are 0")
        by = {n: framework.to_numpy(g) for n, g in zip(names, taken, strict=False) if g is not None}
        seconds = time.perf_counter() - start
        seen = conduct()
    gradient: Array | Unsupported | None = None
    by_parameters: dict[Parameter, Array | Unsupported] = {}
    if problem.gradient:
        what = {name: f"the {name}" for name in problem.parameters} | {given: "the scores"}
        parts = {
            name: Unsupported(why) if why else by[name]
            for name in names
            for why in (
                _why_no_gradient(problem, framework, returns, name in by, what[name])
                if not beside
                else _declare(beside[0]),
            )
        }
        gradient = parts[given]
        by_parameters = {p: parts[p] for p in problem.parameters}
    notes += _notes(problem, loss.declared)
    if not native_answer:
        in_full, texts = f"{framework.from_numpy}({in_full}{texts[main]})", {main: ""}
    calls = {part: f"{in_full}{text}" for part, text in texts.items()}
    said = tuple(notes)
    if returns in REDUCTIONS:
        computed = _total(problem, returns, numbers, call, seconds, gradient, said)
        of = returns if isinstance(gradient, np.ndarray) else None
        return replace(
            computed, conduct=seen, calls=calls, gradient_of=of, by_parameters=by_parameters
        )
    reason = Unsupported("your function gives the losses alone")
    totals: dict[Reduction, Array | Unsupported] = dict.fromkeys(problem.reductions, reason)
    return Computed(
        numbers, totals, call, seconds, gradient, "", calls, notes=said, conduct=seen,
        by_parameters=by_parameters,
    )  # fmt: skip


def _gives_the_met_alone(problem: Problem, losses: Any) -> bool:
    """Whether the losses are those of the positions that meet a label under the shift."""
    *rows, length = problem.samples_shape or (0,)
    shift = problem.shift or 0
    return 0 < shift < length and tuple(losses.shape) == (*rows, length - shift)


def _with_the_unmet(problem: Problem, losses: Array) -> Array:
    """The losses with those of the last positions, which are 0 by what a shift means."""
    whole = np.zeros(problem.samples_shape, dtype=losses.dtype)
    whole[..., : losses.shape[-1]] = losses
    return whole


def _call_text(
    plan: Plan, loss: UserLoss, given: str, arrays: Iterable[str], name: str = ""
) -> str:
    """`mine.py:loss(logits, labels, weight=...)`; of a class `mine.py:Loss(...)(logits, labels)`.
    name: what it is called in a script, where arrays are written in full."""
    short, made = not name, ""
    if plan.made is not None:
        made = f"({plan.made.text(given, arrays, short)})"
        made += f'.to("{loss.device}")' * (loss.device != "cpu" and hasattr(loss.target, "to"))
    return f"{name or loss.shown}{made}({plan.called.text(given, arrays, short)})"


def _notes(problem: Problem, declared: Declaration) -> Iterator[str]:
    """What a declaration means for a problem, where its user may think otherwise."""
    if declared.is_narrower_than(problem.dtype):
        yield f"declared to compute in {declared.compute}, it is held to {problem.dtype} here"


def _total(
    problem: Problem,
    returns: Reduction,
    numbers: Array,
    call: str,
    seconds: float,
    gradient: Array | Unsupported | None,
    notes: tuple[str, ...],
) -> Computed:
    reason = f"your function gives the {returns.replace('_', ' ')} alone"
    totals: dict[Reduction, Array | Unsupported] = dict.fromkeys(
        problem.reductions, Unsupported(reason)
    )
    totals[returns] = numbers.reshape(()) if numbers.size == 1 else numbers
    none = np.empty(0, dtype=numbers.dtype)
    return Computed(none, totals, call, seconds, gradient, notes=notes, only_totals=reason)


def _declare(part: str) -> str:
    """Why an array of the scores' shape beside the losses is not compared. part: what gets it."""
    return (
        f"what it returns beside the losses ({part}) was not found to be their gradient; where it "
        "is meant to be, say so: returns losses,gradient"
    )


def _why_no_gradient(
    problem: Problem, framework: Framework, returns: Returns, taken: bool, by: str
) -> str | None:
    """Why neither the gradient of sum(cotangent * losses) is known, nor that of the total that
    there is in place of the losses; None where one is.

    taken: whether there is one. by: what it is by, in words.
    """
    if problem.cotangent is not None and (returns in REDUCTIONS or returns == EXPLICIT):
        total = "sum" if returns == EXPLICIT else returns.replace("_", " ")
        return f"your function gives the gradient of the {total} alone, without the cotangent"
    if taken:
        return None
    if framework.differentiate is None:
        return "a NumPy function has no gradient, unless it returns one beside the losses"
    return (
        f"its losses do not depend on {by} for "
        f"{framework.name}'s differentiation (detached, or computed outside of it)"
    )
