"""The options that say what a loss of the user's own is, as its table in a pyproject.toml may."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xent_check.problem.vocabulary import GIVEN, LOSSES, REDUCTIONS

from .completion import one_of

if TYPE_CHECKING:
    from xent_check.implementations.declaration import Declaration
    from xent_check.implementations.names import Implementation

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PREFIX = "own_"  # of the parameters, as `eval` has a --loss of its own
_PAIRS = ("map", "set", "fixed", "env")
_RETURNS = ("losses", *REDUCTIONS, "losses,gradient")
_PROMISES = ("float32", "float64")
_HELP: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "loss": (
        "NAME",
        "Of your own loss: what it computes (binary, categorical, sparse_categorical). What these "
        "options, up to --env, say is not found out. Repeatable, as all of them.",
        LOSSES,
    ),
    "given": ("NAME", "Of your own loss: from what (logits, probs, log_probs).", GIVEN),
    "returns": (
        "NAME", "What comes back: losses, mean, weighted_mean, sum; or losses,gradient.", _RETURNS
    ),
    "compute": (
        "DTYPE", "What it promises to compute 16-bit inputs in: float32 or float64.", _PROMISES
    ),
    "map": ("PARAMETER=ROLE", "Which of labels, class_weight, ... a parameter is.", ()),
    "set": (
        "PARAMETER=VALUE", "What a parameter gets in each call; num_classes is the case's.", ()
    ),
    "fixed": ("OPTION=VALUE", "An option that it has built in: others are unsupported.", ()),
    "env": ("NAME=TEXT", "A variable of its process, set before anything is imported.", ()),
}  # fmt: skip


def own_options(*left_out: str) -> Callable[[_Command], _Command]:
    """A decorator of a command that runs losses of the user's own. left_out: keys without option,
    where the command has another of that name."""

    def decorate(command: _Command) -> _Command:
        for key, (metavar, words, choices) in reversed([*_HELP.items()]):
            if key not in left_out:
                command = click.option(
                    f"--{key}",
                    f"{_PREFIX}{key}",
                    metavar=metavar,
                    multiple=True,
                    shell_complete=one_of(*choices) if choices else None,
                    help=words,
                )(command)
        return command

    return decorate


def is_own_option(parameter: click.Parameter) -> bool:
    """Whether it is one of these options."""
    return (parameter.name or "").startswith(_PREFIX)


def declaration(options: dict[str, Any]) -> Declaration:
    """What the options say, which are taken out of `options`; UserError with every mistake."""
    given = {key: options.pop(f"{_PREFIX}{key}", ()) for key in _HELP}
    from xent_check.implementations.declaration import NOTHING

    if not any(given.values()):
        return NOTHING
    from xent_check.casefile.declared import declaration_of
    from xent_check.errors import InvalidError, Mistake, UserError, mistake_text

    mistakes: list[Mistake] = []
    values: dict[str, Any] = {}
    for key, texts in given.items():
        if texts:
            values[key] = _pairs(key, texts, mistakes) if key in _PAIRS else _words(key, texts)
    try:
        said = declaration_of(values)
    except InvalidError as error:
        mistakes += error.mistakes
    if mistakes:
        raise UserError("\n".join(mistake_text(m, _place(m)) for m in mistakes))
    return said


def as_typed(options: Mapping[str, Any]) -> str:
    """The options of these that were given, for a shell, a space before each; "" without any."""
    given = ((key, text) for key in _HELP for text in options.get(f"{_PREFIX}{key}", ()))
    return "".join(f" --{key} {shlex.quote(text)}" for key, text in given)


def _words(key: str, texts: Sequence[str]) -> Any:
    words = [word.strip() for text in texts for word in text.strip("[]").split(",")]
    if len(words) == 1 or key == "compute":
        return words[-1]
    return words


def _pairs(key: str, texts: Iterable[str], mistakes: list[Any]) -> dict[str, Any]:
    """The values by what stands before the `=`."""
    from xent_check.errors import InvalidError, Mistake

    pairs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            mistakes.append(Mistake((key,), repr(text), _HELP[key][0], ""))
        elif name in pairs:
            mistakes.append(Mistake((key, name), "twice", "once", ""))
        else:
            try:
                pairs[name] = _value(value) if key in ("set", "fixed") else value
            except InvalidError as error:
                mistakes += [mistake.below(key, name) for mistake in error.mistakes]
    return pairs


def _value(text: str) -> Any:
    """A value as YAML has it: a scalar, or numbers in brackets."""
    from xent_check.casefile.yaml_reader import read_value
    from xent_check.casefile.yaml_values import scalar

    return read_value(text) if text.strip().startswith(("[", "{")) else scalar(text.strip())


def _place(mistake: Any) -> str:
    """`--map target`, for a mistake at that key."""
    key, *rest = mistake.key
    return " ".join([f"--{key}", *map(str, rest)])


def said_of(
    implementations: Sequence[Implementation], declared: Declaration
) -> tuple[Implementation, ...]:
    """The implementations, and what is declared said of the user's own among them; UserError where
    there is none."""
    from xent_check.running.selection import require_own

    require_own(implementations, declared)
    return tuple(i.said(declared) for i in implementations)


def know_the_project(names: Iterable[str] = ()) -> None:
    """Let the running command know what the project declares, where one of the names may be of
    that. A command that reads all settings of the project does so by itself."""
    from xent_check.casefile.declared import project_implementations
    from xent_check.implementations.names import declaring
    from xent_check.implementations.table import IMPLEMENTATIONS

    plain = (name.partition("[")[0].partition("@")[0] for name in names)
    if any(":" not in name and name not in IMPLEMENTATIONS for name in plain):
        declared = project_implementations(Path.cwd())
        click.get_current_context().with_resource(declaring(declared))
