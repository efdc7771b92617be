"""Templates of the HTML pages, and the files that stand in them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from xent_check.errors import visible_lines
from xent_check.results.number_text import tidy

from .plot_canvas import Plot
from .text import plural

_AFTER = re.compile(r"(?<=[^\W\d]{2})[-:/_@\[,=](?=\w)|(?<=[a-z])(?=[A-Z])")
_CODE = re.compile(r"`([^`]+)`")
_PAGE = Path(__file__).parent


def drawing(plot: Plot) -> Markup:
    """The drawing, with its title and caption as the text alternative. Matplotlib has escaped the
    texts in it."""
    start = f'<svg role="img" aria-labelledby="{plot.id}-title" aria-describedby="{plot.id}-text"'
    return Markup(plot.svg.replace("<svg", start, 1))


def page_file(name: str) -> Markup:
    """A file of the page's folder, as markup that is not escaped."""
    return Markup((_PAGE / name).read_text(encoding="utf-8"))


@cache
def template(name: str) -> Template:
    """The template of that name in the page's folder, loaded."""
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["count_of"] = plural
    environment.filters["prose"] = _prose
    return environment.get_template(name)


def _printable(value: object) -> object:
    """The text with unprintable characters and direction marks as escapes."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return visible_lines(str(value)) if is_text else value


def _breakable(name: str) -> Markup:
    """A name with possible line breaks after its punctuation."""
    text = Markup.escape(visible_lines(name))  # _AFTER matches nothing inside an HTML entity
    return Markup(_AFTER.sub(r"\g<0><wbr>", str(text)))


def _prose(text: str) -> Markup:
    """A sentence of ours: short exponents, and as code what stands in backticks."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(Markup.escape(visible_lines(tidy(text))))))
