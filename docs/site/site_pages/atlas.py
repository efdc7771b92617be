"""The atlas that ships: what sweeps found."""

from __future__ import annotations

from xent_check.casefile.paths import corpus
from xent_check.reporters.atlas import markdown
from xent_check.reporters.formats import Terminal
from xent_check.search.atlas import atlas_of, files_below, load_sweep


def page() -> str:
    """The Markdown of the page."""
    files = files_below([corpus() / "atlas"])
    atlas = atlas_of([(file.name, load_sweep(file)) for file in files])
    return f"""\
# Atlas of errors

How far the losses of each framework are from the exact value, at worst, as `xent-check atlas`
prints it.
[How it is measured](../explanation/atlas.md) says what an ulp, a share and a stride are;
`xent-check atlas --report html=atlas.html` draws the errors against the inputs.

{markdown(atlas, Terminal())}"""
