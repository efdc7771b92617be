"""Signature: which argument of a user's function is what, by the names that users write.

Roles: the scores (`logits`, `probs`, `log_probs`, or what is `hidden`), `labels`, the key of an
option, `reduction`, and facts of a problem: `num_classes`, `from_logits`, `classes`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from xent_check.errors import did_you_mean
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.options import CALLED
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, Given

from ..declaration import FACTS, NOTHING, Declaration

SCORES = "scores"
# The first name that the signature has is the role's; names without a default before others.
_OF_SCORES: Mapping[str, tuple[str, ...]] = {
    "logits": ("logits", "logit"),
    "probs": ("probs", "y_proba", "y_prob", "probabilities"),
    "log_probs": ("log_probs", "logprobs", "log_probabilities", "log_p"),
}
_OF_HIDDEN = ("hidden", "hidden_states", "hidden_state")
# The same where the signature names the matrix of a last layer by another name than `weight`.
_BESIDE_A_MATRIX = ("input", "_input", "e", "x")
_MATRIX = next(option.synonyms for option in CALLED if option.key == "weight")
_ANY_SCORES = (
    "input", "_input", "inputs", "x", "y_pred", "y_hat", "preds", "pred", "predictions",
    "prediction", "scores", "output", "outputs",
)  # fmt: skip
_LABELS = ("labels", "label", "target", "targets", "y_true", "y")
_FACTS: Mapping[str, tuple[str, ...]] = {
    "num_classes": ("num_classes", "n_classes", "vocab_size", "n_vocab"),
    "from_logits": ("from_logits",),
}
assert tuple(_FACTS) == FACTS
# What an option that is not set is to a parameter without a default: nothing, but for this one.
_UNSET = {"ignore_index": -100}
_Parameters = Mapping[str, inspect.Parameter]
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_KEYWORDS = inspect.Parameter.VAR_KEYWORD
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

    def text(self, given: str, arrays: Iterable[str], short: bool = True) -> str:
        """As it is written: `logits, labels, weight=...`; in full, `weight=class_weight`.

        arrays: the names of the problem's arrays.
        """
        known = {SCORES: given, "labels": "labels"}
        shown = [known.get(role, repr(value)) for role, value in self.positional]
        held = frozenset(arrays)
        for name, role, value in self.named:
            of_array = "..." if short else role
            text = known.get(role) or (of_array if role in held else repr(value))
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


def planned(
    problem: Problem, target: Callable[..., Any], shown: str, declared: Declaration = NOTHING
) -> Plan:
    """The plan of a call; UnsupportedError where the case sets an option that neither signature
    names, and that is not built in. shown: the target's name."""
    hidden = hidden_of(target, declared)
    if problem.given == "hidden" and not hidden:
        raise UnsupportedError(f"{shown} takes no hidden and the weight of a last layer")
    if inspect.isclass(target):
        constructor, call = _signatures(target)
        options = _options(problem, constructor, declared, call)
        if _is_keras(target) and "dtype" in constructor:
            options["dtype"] = ("dtype", "dtype", problem.dtype)
        made = Arguments(named=tuple(options.values()))
        passed = _options(problem, call, declared, constructor)
        rest = {role: argument for role, argument in passed.items() if role not in options}
        _refuse_missing(problem, {*options, *rest}, shown, declared)
        _require_filled(constructor, made, shown, "is made with")
        called = _arguments(problem, call, rest, shown, declared, hidden)
        return Plan(made, called, "reduction" in {*options, *rest})
    made_in = getattr(target, "dtype", "float64") if _is_keras(type(target)) else "float64"
    if problem.dtype == "float64" and made_in != "float64":
        raise UnsupportedError(
            f"{shown} was made to compute in {made_in}: make it with dtype='float64', or name its "
            "class"
        )
    parameters = parameters_of(target)
    options = _options(problem, parameters or {}, declared)
    _refuse_missing(problem, options, shown, declared)
    arguments = _arguments(problem, parameters, options, shown, declared, hidden)
    return Plan(None, arguments, "reduction" in options)


def _signatures(target: type) -> tuple[_Parameters, _Parameters]:
    """The parameters of a class's constructor, and those of a call of what it makes."""
    call = parameters_of(_method(target)) or {}
    without_self = {name: p for place, (name, p) in enumerate(call.items()) if place}
    return parameters_of(target) or {}, without_self


def refuse_unknown_parameters(
    target: Callable[..., Any], shown: str, declared: Declaration
) -> None:
    """ValueError where the declaration names a parameter that no signature of the target has."""
    signatures = _signatures(target) if inspect.isclass(target) else (parameters_of(target),)
    known = [one for one in signatures if one is not None]
    if not known or any(p.kind is _KEYWORDS for one in known for p in one.values()):
        return
    names = [name for one in known for name, p in one.items() if p.kind not in _ANY]
    for key, pairs in (("map", declared.map), ("set", declared.set)):
        for name, _ in pairs:
            if name not in names:
                has = f"it has {', '.join(names)}" if names else "it has none"
                parts = [f"{shown} has no parameter {name!r}", has, did_you_mean(name, names)]
                raise ValueError(f"declared: {key} {name}: {'; '.join(filter(None, parts))}")


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


def _refuse_missing(
    problem: Problem, passed: Iterable[str], shown: str, declared: Declaration
) -> None:
    has = {*passed, *(key for key, _ in declared.fixed)}
    missing = [option.key for option in sorted(CALLED, key=lambda option: option.key)]
    missing = [key for key in missing if key in problem.options and key not in has]
    if missing:
        raise UnsupportedError(f"{shown} takes no {', '.join(missing)}")


def _takes(parameters: _Parameters, name: str, elsewhere: _Parameters) -> bool:
    """Whether a declared parameter is of this signature: by name, or among its keywords where the
    other signature, `elsewhere`, does not name it."""
    if name in parameters:
        return True
    return name not in elsewhere and any(p.kind is _KEYWORDS for p in parameters.values())


def _options(
    problem: Problem,
    parameters: _Parameters,
    declared: Declaration,
    elsewhere: _Parameters = MappingProxyType({}),
) -> dict[str, tuple[str, str, Any]]:
    """What is passed beside scores and labels, by role: (parameter, role, value). elsewhere: the
    other signature of a class."""
    mapped = {role: name for name, role in declared.map}
    free = {name: p for name, p in parameters.items() if name not in declared.parameters}
    names_matrix = _names_matrix(free) or "weight" in mapped
    hidden = _first(free, _names_of_hidden(free, names_matrix)) or mapped.get("hidden", "")
    taken = {_first(free, _names(given)) for given in GIVEN} | {_first(free, _LABELS), hidden}
    facts, passed = _facts(problem), dict[str, tuple[str, str, Any]]()

    def parameter(role: str, synonyms: Sequence[str]) -> str:
        if role in mapped:
            return mapped[role] if _takes(parameters, mapped[role], elsewhere) else ""
        return next((name for name in synonyms if name in free and name not in taken), "")

    for option in sorted(CALLED, key=lambda option: option.key):
        synonyms = (option.key, *option.synonyms)
        if option.key == "weight":
            synonyms = _MATRIX if names_matrix or not hidden else ("weight",)
        elif option.key == "class_weight" and (names_matrix or not hidden):
            synonyms = (*synonyms, "weight")
        name = parameter(option.key, synonyms)
        is_built_in = declared.is_fixed(option.key)
        if not name or is_built_in or not option.applies(problem.loss, problem.given):
            continue
        value = getattr(problem, option.name)
        taken.add(name)
        if option.key in problem.options or _must_say(parameters.get(name), option.default, value):
            value = _UNSET.get(option.key) if value is None else value
            passed[option.key] = (name, option.key, value)
    for fact, others in _FACTS.items():
        name = parameter(fact, others)
        if name and facts[fact] is not None:
            passed[fact] = (name, fact, facts[fact])
    if "shift_labels" in free and not declared.is_fixed("shift"):  # transformers: shifted before
        passed["shift_labels"] = ("shift_labels", "labels", None)
    if "labels" in free and "y_true" in free:  # scikit-learn: all classes
        classes = range(2 if problem.loss == "binary" else problem.num_classes)
        passed["classes"] = ("labels", "classes", classes)
    if name := parameter("reduction", ("reduction",)):
        passed["reduction"] = (name, "reduction", "none")
    for name, constant in declared.set:
        if _takes(parameters, name, elsewhere):
            value = _constant(problem, name, constant)
            passed[f"set {name}"] = (name, f"set {name}", value)
    return passed


def _facts(problem: Problem) -> dict[str, Any]:
    """FACTS of a problem; None for one that its loss does not have."""
    return {
        "num_classes": None if problem.loss == "binary" else problem.num_classes,
        "from_logits": problem.given == "logits",
    }


def _constant(problem: Problem, name: str, constant: Any) -> Any:
    """What the parameter of that name is set to: the constant, or the fact that it names.
    UnsupportedError where the loss does not have that."""
    if not isinstance(constant, str) or constant not in FACTS:
        return constant
    fact = _facts(problem)[constant]
    if fact is None:
        raise UnsupportedError(f"{problem.loss} has no {constant}, which {name} is set to")
    return fact


def _must_say(parameter: inspect.Parameter | None, default: Any, value: Any) -> bool:
    """Whether an option that the case does not set is passed: the parameter has no default, or one
    that means something else (`dim=1` where the classes are last, `label_smoothing=0.1`). None: it
    is one of any keywords."""
    if parameter is None:
        return False
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
    declared: Declaration,
    hidden: str,
) -> Arguments:
    """The scores and the labels in the order of the signature, then the options by name. CallError
    where there is no parameter for one of the two, or one without a default for anything else;
    UnsupportedError where the parameter of the scores is declared to be another input."""
    named = tuple(options.values())
    scores = declared.parameter_of(problem.given)
    labels = declared.parameter_of("labels")
    if problem.given == "hidden":
        scores = scores or hidden
    elif hidden and not scores:
        takes = f"{shown} takes {hidden} and the weight of a last layer, no scores"
        raise UnsupportedError(f"{takes}; where those are, map them: {hidden}={problem.given}")
    if parameters is None:
        return _without_names(scores, labels, named)
    used = {name for name, _, _ in named} | {*declared.parameters}
    free = {n: p for n, p in parameters.items() if n not in used and p.kind not in _ANY}
    labels = labels or _first(free, _LABELS)
    others = {name: p for name, p in free.items() if name != labels}
    scores = scores or _first(others, _names(problem.given))
    unknown = [name for name in free if name not in (scores, labels)]
    scores = scores or (unknown.pop(0) if unknown else "")
    labels = labels or (unknown.pop(0) if unknown else "")
    if not (scores and labels):
        if all(p.kind is not inspect.Parameter.VAR_POSITIONAL for p in parameters.values()):
            if not scores and {role for _, role in declared.map} & {*GIVEN}:
                raise UnsupportedError(f"{shown} has no parameter left for the {problem.given}")
            names = f"{', '.join(free)} alone" if free else "neither scores nor labels"
            raise CallError(shown, f"takes {names}", "a loss takes scores and labels")
        return _without_names(scores, labels, named)
    roles = {scores: SCORES, labels: "labels"}
    first = [*parameters.values()][:2]
    arguments = Arguments((), (*((name, role, None) for name, role in roles.items()), *named))
    if {p.name for p in first} == {*roles} and all(p.kind in _BY_PLACE for p in first):
        arguments = Arguments(tuple((roles[p.name], None) for p in first), named)
    _require_filled(parameters, arguments, shown, "takes")
    return arguments


def _without_names(scores: str, labels: str, named: tuple[tuple[str, str, Any], ...]) -> Arguments:
    """Scores first, then labels, by place; those with a name by that."""
    by_name = [(name, role, None) for name, role in ((scores, SCORES), (labels, "labels")) if name]
    by_place = [(role, None) for name, role in ((scores, SCORES), (labels, "labels")) if not name]
    return Arguments(tuple(by_place), (*by_name, *named))


def _names(given: Given) -> tuple[str, ...]:
    """Those of the scores: of this input, of any, of the other inputs; none of what is hidden."""
    if given == "hidden":
        return ()
    others = [name for other, names in _OF_SCORES.items() if other != given for name in names]
    return (*_OF_SCORES[given], *_ANY_SCORES, *others)


def _names_matrix(parameters: _Parameters) -> bool:
    """Whether one of them is the matrix of a last layer; not `c=30.0`, nor `classifier=False`."""
    found = [parameters[name].default for name in _MATRIX if name in parameters]
    return any(not isinstance(default, bool | int | float | str) for default in found)


def _names_of_hidden(parameters: _Parameters, names_matrix: bool) -> tuple[str, ...]:
    """Those of what is hidden: its own, and beside a matrix those of any input. None beside scores
    that are named."""
    if any(name in parameters for names in _OF_SCORES.values() for name in names):
        return ()
    return (*_OF_HIDDEN, *(_BESIDE_A_MATRIX if names_matrix else ()))


def hidden_of(target: Callable[..., Any], declared: Declaration) -> str:
    """The parameter that gets what is hidden, of a call of the target; "" where it has none."""
    if parameter := declared.parameter_of("hidden"):
        return parameter
    signatures = _signatures(target) if inspect.isclass(target) else (parameters_of(target),)
    named = {name: p for one in signatures for name, p in (one or {}).items()}
    free = {name: p for name, p in named.items() if name not in declared.parameters}
    matrix = _names_matrix(free) or bool(declared.parameter_of("weight"))
    return _first(free, _names_of_hidden(free, matrix))


def needs_bias(target: Callable[..., Any]) -> bool:
    """Whether a call of the target has to say a bias."""
    bias = (parameters_of(target) or {}).get("bias")
    return bias is not None and bias.default is inspect.Parameter.empty


def _first(parameters: _Parameters, names: Sequence[str]) -> str:
    """The first of the names that is a parameter; one that must be passed before others."""
    found = [name for name in names if name in parameters]
    required = [n for n in found if parameters[n].default is inspect.Parameter.empty]
    return next(iter([*required, *found]), "")
