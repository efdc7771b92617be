"""Every console block of a page that needs frameworks is what comes out; see tests/docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.console import PAGES, ROOT, assert_as_run, needs

pytestmark = pytest.mark.long

NEEDED = {page: needs(page.read_text(encoding="utf-8")) for page in PAGES}
WITH_FRAMEWORKS = [page for page, needed in NEEDED.items() if needed and "packages" not in needed]


@pytest.mark.parametrize("page", WITH_FRAMEWORKS, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_what_comes_out(page: Path, tmp_path: Path) -> None:
    assert_as_run(page, tmp_path)
