"""HTML: one page in one file, for a browser and for paper, that loads nothing else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from xent_check.errors import visible_lines
from xent_check.results.number_text import tidy
from xent_check.results.report import Report

from ..page.data import PageData, page_data
from ..page.plot_canvas import Plot
from ..page.plot_errors import histogram
from ..page.plots import plots_of
from ..page.text import plural
from . import Terminal

MAX_PLOTTED = 60  # divergences that have plots; every divergence has its table
MAX_CAUSES = 5  # causes of wrong answers that are not folded
MAX_OPEN = 3  # divergences that are not folded
MAX_LISTED = 20  # divergences whose titles are not folded
MAX_NOTES = 10  # notes that are not folded
_AFTER = re.compile(r"(?<=[^\W\d]{2})[-:/_@\[,=](?=\w)|(?<=[a-z])(?=[A-Z])")
_CODE = re.compile(r"`([^`]+)`")
_PAGE = Path(__file__).parents[1] / "page"


def render(report: Report, terminal: Terminal) -> str:
    """The report as a page of HTML 5: styles, script and drawings stand in it."""
    data = page_data(report)
    plots, unplotted = _plots(data)
    return _template().render(
        page=data,
        plots=plots,
        unplotted=unplotted,
        max_plotted=MAX_PLOTTED,
        max_causes=MAX_CAUSES,
        max_open=MAX_OPEN,
        max_listed=MAX_LISTED,
        max_notes=MAX_NOTES,
        errors_plot=histogram(data.errors),
        css=_page_file("page.css"),
        js=_page_file("page.js"),
        svg=_svg,
    )


def _plots(data: PageData) -> tuple[dict[str, tuple[Plot, ...]], int]:
    """The plots of the first MAX_PLOTTED divergences by the id of their details, and how many
    divergences have none."""
    details = [d for d in data.wrong if d.status == "diverges" and d.result.comparison is not None]
    plots = {d.id: plots_of(d.result, f"plot-{d.id}") for d in details[:MAX_PLOTTED]}
    return plots, len(details) - len(plots)


def _svg(plot: Plot) -> Markup:
    """The drawing, with its title and caption as the text alternative. Matplotlib has escaped the
    texts in it."""
    start = f'<svg role="img" aria-labelledby="{plot.id}-title" aria-describedby="{plot.id}-text"'
    return Markup(plot.svg.replace("<svg", start, 1))


def _page_file(name: str) -> Markup:
    """A file of the page's folder, as markup that is not escaped."""
    return Markup((_PAGE / name).read_text(encoding="utf-8"))


@cache
def _template() -> Template:
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
    return environment.get_template("page.html.j2")


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
