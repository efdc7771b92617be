"""Paths and ids: where a file ends and the name of its case begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.command import xent_check
from xent_check.casefile.field_types import is_name
from xent_check.casefile.loading import Filter, load
from xent_check.casefile.paths import corpus, corpus_names, split_id, split_path
from xent_check.errors import CaseFileError, UserError

NAMES = st.text(st.sampled_from(list(":a. [\u00e9")), min_size=1, max_size=6).filter(is_name)
FILES = st.text(st.sampled_from(list(":a/\n")), max_size=6).map(lambda text: f"{text}.yaml")


@given(FILES, NAMES)
def test_an_id_is_split_into_the_file_and_the_name_it_was_made_of(file: str, name: str) -> None:
    assert split_id(f"{file}::{name}") == (file, name)


def test_an_id_without_a_file_is_a_name() -> None:
    assert split_id("name") == ("", "name")


def test_a_path_that_is_there_is_one_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "cases:\n- {name: ':x', loss: binary, logits: [0.5], labels: [1]}\n"
    for file in ("a.yaml", "b::c.yaml"):
        Path(file).write_text(text)
    assert split_path("a.yaml") == ("a.yaml", "")
    assert split_path("a.yaml:::x") == ("a.yaml", ":x")
    assert split_path("b::c.yaml") == ("b::c.yaml", "")
    assert split_path("b::c.yaml:::x") == ("b::c.yaml", ":x")
    for given_path in ("a.yaml:::x", "b::c.yaml", "b::c.yaml:::x"):
        (posed,) = load([given_path], Filter())
        assert posed.case.name == ":x"


def test_a_name_that_begins_with_a_colon_is_saved_and_read_again(tmp_path: Path) -> None:
    text = "name: ':x'\nloss: binary\nlogits: [0.5]\nlabels: [1]\n"
    (tmp_path / "a.yaml").write_text(text)
    assert (
        xent_check(tmp_path, "run", "a.yaml", "-i", "manual", "--report", "json=r.json").code == 0
    )
    done = xent_check(tmp_path, "judge", "r.json", "--report", "junit")
    assert done.code == 0
    assert '<testsuite name="a.yaml"' in done.out
    assert 'classname="a.yaml"' in done.out
    assert 'name=":x [manual]"' in done.out


def test_a_folder_of_the_package_without_cases_is_not_offered() -> None:
    """Beside the folders of cases stand the sweeps of the atlas."""
    names = corpus_names()
    assert {"corpus:forum", "corpus:forum/binary.yaml"} <= {*names}
    assert (corpus() / "atlas").is_dir()
    assert "corpus:atlas" not in names


def test_a_folder_behind_a_link_is_below_and_a_link_back_is_not_followed(tmp_path: Path) -> None:
    text = "{loss: binary, logits: [0.5], labels: [1]}"
    for folder in ("cases", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.yaml").write_text(text)
    (tmp_path / "cases" / "link").symlink_to("../other")
    (tmp_path / "other" / "back").symlink_to("../cases")
    posed = load([str(tmp_path / "cases")], Filter())
    assert sorted(one.case.name for one in posed) == ["cases", "other"]


def test_a_link_that_leads_nowhere_is_no_file_that_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{loss: binary, logits: [0.5], labels: [1]}")
    (tmp_path / "b.yaml").symlink_to("gone.yaml")
    with pytest.raises(CaseFileError, match=r"b\.yaml:1: No such file or directory"):
        load([str(tmp_path)], Filter())
    with pytest.raises(UserError, match=r"it is a link to 'gone\.yaml', which is not there"):
        load([str(tmp_path / "b.yaml")], Filter())
