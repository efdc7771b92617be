"""HTML: one page in one file, for a browser and for paper, that loads nothing else."""

from __future__ import annotations

from xent_check.results.report import Report

from ..page.data import PageData, page_data
from ..page.plot_canvas import Plot
from ..page.plot_errors import histogram
from ..page.plots import plots_of
from ..page.template import drawing, page_file, template
from . import Terminal

MAX_PLOTTED = 60  # divergences that have plots; every divergence has its table
MAX_CAUSES = 5  # causes of wrong answers that are not folded
MAX_OPEN = 3  # divergences that are not folded
MAX_LISTED = 20  # divergences whose titles are not folded
MAX_NOTES = 10  # notes that are not folded


def render(report: Report, terminal: Terminal) -> str:
    """The report as a page of HTML 5: styles, script and drawings stand in it."""
    data = page_data(report)
    plots, unplotted = _plots(data)
    return template("page.html.j2").render(
        page=data,
        plots=plots,
        unplotted=unplotted,
        max_plotted=MAX_PLOTTED,
        max_causes=MAX_CAUSES,
        max_open=MAX_OPEN,
        max_listed=MAX_LISTED,
        max_notes=MAX_NOTES,
        errors_plot=histogram(data.errors),
        css=page_file("page.css"),
        js=page_file("page.js"),
        svg=drawing,
    )


def _plots(data: PageData) -> tuple[dict[str, tuple[Plot, ...]], int]:
    """The plots of the first MAX_PLOTTED divergences by the id of their details, and how many
    divergences have none."""
    details = [d for d in data.wrong if d.status == "diverges" and d.result.comparison is not None]
    plots = {d.id: plots_of(d.result, f"plot-{d.id}") for d in details[:MAX_PLOTTED]}
    return plots, len(details) - len(plots)
