"""Signature: which argument of a user's function is what, by the names that users write.

Roles: the scores (`logits`, `probs` or `log_probs`), `labels`, the key of an option, `reduction`,
and facts of a problem: `num_classes`, `from_logits`, `classes`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.options import CALLED
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN

SCORES = "scores"
# The first name that the signature has is the role's; names without a default before others.
_OF_SCORES: Mapping[str, tuple[str, ...]] = {
    "logits": ("logits", "logit"),
    "probs": ("probs", "y_proba", "y_prob", "probabilities"),
    "log_probs": ("log_probs", "logprobs", "log_probabilities", "log_p"),
}
_ANY_SCORES = (
    "input", "_input", "inputs", "x", "y_pred", "y_hat", "preds", "pred", "predictions",
    "prediction", "scores", "output", "outputs",
)  # fmt: skip
_LABELS = ("labels", "label", "target", "targets", "y_true", "y")
_FACTS: Mapping[str, tuple[str, ...]] = {
    "num_classes": ("num_classes", "n_classes", "vocab_size", "n_vocab"),
    "from_logits": ("from_logits",),
}
# What an option that is not set is to a parameter without a default: nothing, but for this one.
_UNSET = {"ignore_index": -100}
_Parameters = Mapping[str, inspect.Parameter]
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def parameters_of(call: Callable[..., Any]) -> _Parameters | None:
    """The parameters of a function, class or instance; None where it has no signature."""
    if not inspect.isclass(call) and not inspect.isroutine(call):
        call = getattr(call, "forward", call)  # torch's Module hides its own
    try:
        return inspect.signature(call).parameters
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, by parameter name where they have one."""

    positional: tuple[tuple[str, Any], ...] = ()  # (role, value)
    named: tuple[tuple[str, str, Any], ...] = ()  # (parameter, role, value)

    def call(self, function: Callable[..., Any], arrays: Mapping[str, Any]) -> Any:
        """Call the function. arrays: native arrays by role, in place of the values."""
        positional = [arrays.get(role, value) for role, value in self.positional]
        named = {name: arrays.get(role, value) for name, role, value in self.named}
        return function(*positional, **named)

    def text(self, given: str, arrays: Iterable[str]) -> str:
        """As it is written: `logits, labels, weight=...`."""
        known = {SCORES: given, "labels": "labels"}
        shown = [known.get(role, repr(value)) for role, value in self.positional]
        held = frozenset(arrays)
        for name, role, value in self.named:
            text = known.get(role) or ("..." if role in held else repr(value))
            shown.append(f"{name}={text}")
        return ", ".join(shown)


class CallError(TypeError):
    """The callable cannot be called with a problem; the text says why, then what to do."""

    def __init__(self, shown: str, what: str, advice: str) -> None:
        super().__init__(f"{shown} {what}: {advice}")
        self.what = what


@dataclass(frozen=True)
class Plan:
    """How a target is called for a problem: a class is made first."""

    made: Arguments | None  # the arguments of the constructor; None where the target is no class
    called: Arguments  # those of the call: of the function, or of what was made
    passes_reduction: bool  # whether reduction="none" is among them


def planned(problem: Problem, target: Callable[..., Any], shown: str) -> Plan:
    """The plan of a call; UnsupportedError where the case sets an option that neither signature
    names. shown: the target's name."""
    if inspect.isclass(target):
        constructor = parameters_of(target) or {}
        call = parameters_of(_method(target)) or {}
        call = {name: p for place, (name, p) in enumerate(call.items()) if place}  # without self
        options = _options(problem, constructor)
        if _is_keras(target) and "dtype" in constructor:
            options["dtype"] = ("dtype", "dtype", problem.dtype)
        made = Arguments(named=tuple(options.values()))
        rest = {k: v for k, v in _options(problem, call).items() if k not in options}
        _refuse_missing(problem, {*options, *rest}, shown)
        _require_filled(constructor, made, shown, "is made with")
        called = _arguments(problem, call, rest, shown)
        return Plan(made, called, "reduction" in {*options, *rest})
    made_in = getattr(target, "dtype", "float64") if _is_keras(type(target)) else "float64"
    if problem.dtype == "float64" and made_in != "float64":
        raise UnsupportedError(
            f"{shown} was made to compute in {made_in}: make it with dtype='float64', or name its "
            "class"
        )
    parameters = parameters_of(target)
    options = _options(problem, parameters or {})
    _refuse_missing(problem, options, shown)
    called = _arguments(problem, parameters, options, shown)
    return Plan(None, called, "reduction" in options)


def _is_keras(target: type) -> bool:
    """Whether it is a loss of Keras, which casts what it gets to the dtype that it is made with."""
    return any(
        one.__name__ == "Loss" and one.__module__.partition(".")[0] in ("keras", "tf_keras")
        for one in inspect.getmro(target)
    )


def _method(target: type) -> Callable[..., Any]:
    """What a call of an instance runs, by the name that has its signature."""
    for name in ("forward", "call", "__call__"):
        if inspect.isroutine(method := getattr(target, name, None)) and name != "__call__":
            return method
    return target.__call__


def _refuse_missing(problem: Problem, found: Iterable[str], shown: str) -> None:
    missing = [o.key for o in sorted(CALLED, key=lambda o: o.key)]
    missing = [key for key in missing if key in problem.options and key not in {*found}]
    if missing:
        raise UnsupportedError(f"{shown} takes no {', '.join(missing)}")


def _options(problem: Problem, parameters: _Parameters) -> dict[str, tuple[str, str, Any]]:
    """What is passed beside scores and labels, by role: (parameter, role, value)."""
    taken = {_first(parameters, _names(g)) for g in GIVEN} | {_first(parameters, _LABELS)}
    passed: dict[str, tuple[str, str, Any]] = {}
    for option in sorted(CALLED, key=lambda option: option.key):
        names = [n for n in (option.key, *option.synonyms) if n in parameters and n not in taken]
        if not names or not option.applies(problem.loss, problem.given):
            continue
        name, value = names[0], getattr(problem, option.name)
        taken.add(name)
        if option.key in problem.options or _must_say(parameters[name], option.default, value):
            value = _UNSET.get(option.key) if value is None else value
            passed[option.key] = (name, option.key, value)
    facts = {
        "num_classes": None if problem.loss == "binary" else problem.num_classes,
        "from_logits": problem.given == "logits",
    }
    for fact, synonyms in _FACTS.items():
        name = next((n for n in synonyms if n in parameters), "")
        if name and facts[fact] is not None:
            passed[fact] = (name, fact, facts[fact])
    if "shift_labels" in parameters:  # transformers: labels already shifted
        passed["shift_labels"] = ("shift_labels", "labels", None)
    if "labels" in parameters and "y_true" in parameters:  # scikit-learn: all classes
        classes = range(2 if problem.loss == "binary" else problem.num_classes)
        passed["classes"] = ("labels", "classes", classes)
    if "reduction" in parameters:
        passed["reduction"] = ("reduction", "reduction", "none")
    return passed


def _must_say(parameter: inspect.Parameter, default: Any, value: Any) -> bool:
    """Whether an option that the case does not set is passed: the parameter has no default, or one
    that means something else (`dim=1` where the classes are last, `label_smoothing=0.1`)."""
    if parameter.default is parameter.empty:
        return True
    means = parameter.default
    same = means is None or (isinstance(means, int | float) and means == default)
    return default is not None and not same and value is not None


def _require_filled(parameters: _Parameters, arguments: Arguments, shown: str, takes: str) -> None:
    """CallError where a parameter without a default gets nothing."""
    filled = {name for name, _, _ in arguments.named}
    filled |= {name for name, _ in zip(parameters, arguments.positional, strict=False)}
    required = (n for n, p in parameters.items() if p.default is p.empty and p.kind not in _ANY)
    empty = [name for name in required if name not in filled]
    if empty:
        raise CallError(
            shown,
            f"{takes} {', '.join(empty)}, which no case fills",
            f"give a default, or say --set {empty[0]}=VALUE, or --map {empty[0]}=OPTION where it "
            "is an option of cases",
        )


def _arguments(
    problem: Problem,
    parameters: _Parameters | None,
    options: Mapping[str, tuple[str, str, Any]],
    shown: str,
) -> Arguments:
    """The scores and the labels in the order of the signature, then the options by name. CallError
    where there is no parameter for one of the two, or one without a default for anything else."""
    named = tuple(options.values())
    if parameters is None:
        return Arguments(((SCORES, None), ("labels", None)), named)
    of_options = {name for name, _, _ in named}
    free = {n: p for n, p in parameters.items() if n not in of_options and p.kind not in _ANY}
    labels = _first(free, _LABELS)
    scores = _first({n: p for n, p in free.items() if n != labels}, _names(problem.given))
    unknown = [name for name in free if name not in (scores, labels)]
    scores = scores or (unknown.pop(0) if unknown else "")
    labels = labels or (unknown.pop(0) if unknown else "")
    if not (scores and labels):
        if all(p.kind is not inspect.Parameter.VAR_POSITIONAL for p in parameters.values()):
            names = f"{', '.join(free)} alone" if free else "neither scores nor labels"
            raise CallError(shown, f"takes {names}", "a loss takes scores and labels")
        return Arguments(((SCORES, None), ("labels", None)), named)
    roles = {scores: SCORES, labels: "labels"}
    first = [*parameters.values()][:2]
    arguments = Arguments((), (*((name, role, None) for name, role in roles.items()), *named))
    if {p.name for p in first} == {*roles} and all(p.kind in _BY_PLACE for p in first):
        arguments = Arguments(tuple((roles[p.name], None) for p in first), named)
    _require_filled(parameters, arguments, shown, "takes")
    return arguments


def _names(given: str) -> tuple[str, ...]:
    """Those of the scores: of this input, of any, of the other inputs."""
    others = [name for other in GIVEN if other != given for name in _OF_SCORES[other]]
    return (*_OF_SCORES[given], *_ANY_SCORES, *others)


def _first(parameters: _Parameters, names: Sequence[str]) -> str:
    """The first of the names that is a parameter; one that must be passed before others."""
    found = [name for name in names if name in parameters]
    required = [n for n in found if parameters[n].default is inspect.Parameter.empty]
    return next(iter([*required, *found]), "")
