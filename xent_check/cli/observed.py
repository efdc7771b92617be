"""Observed numbers of the command line: one list, or several by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent_check.casefile.command_line import Arguments
    from xent_check.results.pasted import Pasted

_KEYS = ("observed", "observed_gradient")


def read_observed(
    losses: Sequence[str], gradients: Sequence[str], arguments: Arguments
) -> list[Pasted]:
    """Every `--observed`, then every `--observed-gradient`; adds mistakes to the arguments'.

    A single one may do without a name.
    """
    from xent_check.casefile.command_line import named
    from xent_check.results.pasted import Pasted, name_mistakes

    split = [
        (*named(text), key == _KEYS[1])
        for key, texts in zip(_KEYS, (losses, gradients), strict=True)
        for text in texts
    ]
    advice = "--observed NAME='[...]' --observed OTHER='[...]'"
    arguments.mistakes += name_mistakes([name for name, *_ in split], _KEYS[0], advice)
    return [
        Pasted(name, arguments.observed(text, _KEYS[gradient]), gradient)
        for name, text, gradient in split
    ]
