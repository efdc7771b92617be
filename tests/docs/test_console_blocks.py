"""Every console block of the README and of docs/ is what comes out.

    UPDATE_EXPECTED=1 pytest -m "not planted" tests/docs tests/frameworks/test_console_blocks.py

writes the pages anew; read the difference as a reader would.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from site_pages import pages

from tests.support.console import PAGES, ROOT, as_run, assert_as_run, blocks, needs, typed
from xent_check.casefile.loading import Filter, load

WITHOUT_FRAMEWORKS = [page for page in PAGES if not needs(page.read_text(encoding="utf-8"))]


# They ask a loss, or a hundred, on a whole corpus, or run many commands.
SLOW = ("python.md", "mutate.md", "explain.md", "own-loss.md", "pytest.md", "two-releases.md")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.long] * (page.name in SLOW))
        for page in WITHOUT_FRAMEWORKS
    ],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_page_shows_what_comes_out(page: Path, tmp_path: Path) -> None:
    assert_as_run(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_not_run_says_why(page: Path) -> None:
    """And no block hides from the test by its indentation or its language."""
    text = page.read_text(encoding="utf-8")
    assert "~~~" not in text
    assert text.count("```console") == sum(block.language == "console" for block in blocks(text))
    for block in blocks(text):
        assert block.language == "console" or "\n$ " not in f"\n{block.text}"
        if block.language == "console":
            assert all(one.command for one in typed(block))
            assert block.is_run or len((block.reason or "").split()) > 1


def whole_cases() -> list[tuple[str, str]]:
    """Each case file that a page shows, but for the one that is wrong on purpose."""
    return [
        (f"{page.relative_to(ROOT)}:{block.title}", block.text)
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language == "yaml" and "loss:" in block.text and block.title != "typos.yaml"
    ]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in whole_cases()])
def test_a_case_file_of_a_page_is_valid(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(text, encoding="utf-8")
    if "labels:" in text:  # the example for an editor ends before them
        assert load([str(file)], Filter())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_a_file_leads_to_one(page: Path) -> None:
    """Or to a page that is made when the site is built."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
        target = (page.parent / link).resolve()
        assert target.exists() or str(target.relative_to(ROOT / "docs")) in pages(), link


def test_the_readme_is_at_most_200_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


PAGE = """\
```yaml title="a.txt"
one
```

```console
$ cat a.txt
one
$ false
$ echo $? \\
    again
1 again
```

<!-- not run: it installs packages -->
```console
$ exit 7
```
"""


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def test_a_page_is_run_in_order_in_a_folder_of_its_own(tmp_path: Path) -> None:
    assert as_run(PAGE, folder(tmp_path, "right")) == PAGE
    wrong = PAGE.replace("\none\n$", "\ntwo\n$").replace("1 again", "0 again")
    assert as_run(wrong, folder(tmp_path, "wrong")) == PAGE


def test_times_and_versions_may_differ_and_nothing_else(tmp_path: Path) -> None:
    page = "```console\n$ echo numpy 9.9.9 in 3.1 s, 4 cases\nnumpy 2.0.0 in 10 s, 4 cases\n```\n"
    assert as_run(page, folder(tmp_path, "same")) == page
    other = page.replace("s, 4", "s, 5", 1)
    assert as_run(other, folder(tmp_path, "other")) != other


def test_lines_may_break_elsewhere_where_a_time_is_longer(tmp_path: Path) -> None:
    page = "```console\n$ echo in 3.1 s, 4 cases\nin 10.25 s,\n4 cases\n```\n"
    assert as_run(page, folder(tmp_path, "same")) == page
    other = page.replace("3.1 s, ", "").replace("10.25 s,", "")
    assert as_run(other, folder(tmp_path, "other")) != other
