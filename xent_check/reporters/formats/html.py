"""HTML: one page that needs nothing else, for a browser and for paper."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from xent_check.errors import visible_lines
from xent_check.results.report import Report

from ..page.data import PageData, page_data
from ..page.plot_canvas import Plot
from ..page.plot_errors import histogram
from ..page.plots import plots_of
from . import Terminal

MAX_PLOTTED = 60  # divergences with plots; their tables are there all the same
_AFTER = re.compile(r"(?<=[^\W\d]{2})[-:/_@\[,=](?=\w)|(?<=[a-z])(?=[A-Z])")
_PAGE = Path(__file__).parents[1] / "page"


def render(report: Report, terminal: Terminal) -> str:
    """The report as a page."""
    data = page_data(report)
    plots, unplotted = _plots(data)
    return _template().render(
        page=data,
        plots=plots,
        unplotted=unplotted,
        max_plotted=MAX_PLOTTED,
        errors_plot=histogram(data.errors),
        css=_own("page.css"),
        js=_own("page.js"),
        svg=_svg,
    )


def _plots(data: PageData) -> tuple[dict[str, tuple[Plot, ...]], int]:
    """The plots of the first MAX_PLOTTED divergences by the id of their details, and how many
    divergences have none."""
    results = [d for d in data.wrong if d.status == "diverges" and d.result.comparison is not None]
    plots = {d.id: plots_of(d.result, f"plot-{d.id}") for d in results[:MAX_PLOTTED]}
    return plots, len(results) - len(plots)


def _svg(plot: Plot) -> Markup:
    """The drawing, named by its caption. matplotlib escaped the texts in it."""
    named = f'<svg role="img" aria-labelledby="{plot.id}-title" aria-describedby="{plot.id}-text"'
    return Markup(plot.svg.replace("<svg", named, 1))


def _own(name: str) -> Markup:
    """A file of the page's folder, as markup that is not escaped."""
    return Markup((_PAGE / name).read_text(encoding="utf-8"))


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters["breakable"] = _breakable
    return environment.from_string((_PAGE / "page.html.j2").read_text(encoding="utf-8"))


def _shown(value: object) -> object:
    """The text with unprintable characters and direction marks as escapes."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return visible_lines(str(value)) if is_text else value


def _breakable(name: str) -> Markup:
    """A name with possible line breaks after its punctuation."""
    text = Markup.escape(visible_lines(name))  # no entity has what a break follows
    return Markup(_AFTER.sub(r"\g<0><wbr>", str(text)))
