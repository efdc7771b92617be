"""Where what is kept between runs is: one folder for a worker, the locks and what failed last."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from xent_check.history.cache import cache_file
from xent_check.implementations.names import parse
from xent_check.workers import pool
from xent_check.workers.cache_folder import cache_folder


@pytest.mark.parametrize("named", ["/elsewhere", "", None])
def test_it_is_one_folder_for_all(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: f"/home/.cache/{name}")
    monkeypatch.delenv("XENT_CHECK_CACHE", raising=False)
    if named is not None:
        monkeypatch.setenv("XENT_CHECK_CACHE", named)
    folder = Path("/elsewhere" if named else "/home/.cache/xent-check")
    assert cache_folder() == folder
    assert pool._environment(parse("jax"))["XENT_CHECK_CACHE"] == str(folder)
    assert cache_file("locks", Path("a"), ".lock").parent == folder / "locks"
