"""Paths: the case files that a command names or that ship, and their names in reports."""

from __future__ import annotations

import contextlib
import glob
import os
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from xent_check.errors import (
    Mistake,
    NothingToCompareError,
    UserError,
    closest,
    did_you_mean,
    mistake_text,
    visible,
)

CORPUS = "corpus:"  # before the path of one of its files or folders
SUFFIXES = (".yaml", ".yml")
_ID = re.compile(r"(.*?)::((?:(?!::).)*)", re.DOTALL)


@dataclass(frozen=True)
class CaseFile:
    """A case file and its name in reports, which is a path that the command line takes."""

    path: Path  # where it is
    shown: str  # `cases/a.yaml` below the working directory, `corpus:a.yaml` in the package


def corpus() -> Path:
    """The folder of the shipped cases: in the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "cases"
    return installed if installed.is_dir() else package.parent / "cases"


def corpus_names() -> list[str]:
    """Each folder of cases that ships with the package, and each file in it: `corpus:forum`."""
    files = list(corpus().rglob("*.yaml"))
    folders = {parent for file in files for parent in file.parents if corpus() in parent.parents}
    return sorted(CORPUS + path.relative_to(corpus()).as_posix() for path in {*files, *folders})


def split_id(text: str) -> tuple[str, str]:
    """The file, as reports name it, and the name in a case's id; an empty file for other text.

    A name may begin with a colon but has no `::` in it; a file may have one.
    """
    match = _ID.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)


def split_path(text: str) -> tuple[str, str]:
    """The path and the name of `PATH::name`; the name may be empty. The whole text is the path
    where such a file exists."""
    if text.startswith(CORPUS):
        path, _, name = text.removeprefix(CORPUS).partition("::")
        return CORPUS + path, name
    if "::" not in text or os.path.exists(text):
        return text, ""
    path, _, name = text.partition("::")
    return (path, name) if os.path.exists(path) else split_id(text)


def require_existing(paths: Sequence[str]) -> list[str]:
    """The paths; UserError with all that name nothing."""
    names = [split_path(text)[0] for text in paths]
    lines = [mistake_text(mistake, path) for path in names if (mistake := absence(path))]
    if lines:
        raise UserError("\n".join(lines))
    return list(paths)


def absence(path: str) -> Mistake | None:
    """What to say where a path, without the name of a case, is no file or folder and matches
    none."""
    if _roots(path):
        return None
    if path.startswith(CORPUS):
        names = corpus_names()
        folders = ", ".join(name for name in names if "/" not in name)
        fault = "no such cases in the package"
        return Mistake((), fault, f"{folders}, {CORPUS} for all", did_you_mean(path, names))
    if glob.has_magic(path):
        return Mistake((), "no file or folder matches", "", "check the pattern")
    return Mistake((), "no such file or folder", "", _advice(path))


def _advice(path: str) -> str:
    """What is meant: a case of the package, in a folder `cases` as in its repository, or what is
    there under a like name."""
    if os.path.islink(path):
        return f"it is a link to {os.readlink(path)!r}, which is not there"
    name = CORPUS + path.removeprefix("./").removeprefix("cases/").rstrip("/")
    if name != CORPUS and _roots(name):
        return f"did you mean {name!r}?"
    parent, base = os.path.split(path.rstrip("/"))
    siblings: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        for entry in sorted(os.scandir(parent or "."), key=lambda entry: entry.name):
            if entry.is_dir() or Path(entry).suffix in SUFFIXES:
                siblings.setdefault(Path(entry).stem, os.path.join(parent, entry.name))
    near = closest(Path(base).stem, tuple(siblings))
    return f"did you mean {siblings[near[0]]!r}?" if near else "check the path"


def case_files(path: str) -> list[CaseFile]:
    """The file; every case file below the folder, hidden folders aside; those among and below what
    a pattern matches.

    UserError where nothing exists or a folder cannot be read, NothingToCompareError where no file
    is a case file.
    """
    roots = _roots(path)
    if not roots:
        raise UserError("\n".join(require_existing([path])))
    is_pattern = _is_pattern(path)
    candidates = (file for root in roots for file in _below(root))
    files = list(dict.fromkeys(f for f in candidates if not is_pattern or _is_case(f)))
    if not files:
        where = "match" if is_pattern else "in this folder"
        raise NothingToCompareError(f"{visible(path)}: no case files (*.yaml, *.yml) {where}")
    shown = _corpus_path if path.startswith(CORPUS) else shown_path
    return [CaseFile(file, shown(file)) for file in files]


def scope_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """The files and folders that the paths name, as reports name them; for a pattern what it
    matches."""
    names: list[str] = []
    for path, _ in map(split_path, paths):
        if path.startswith(CORPUS):
            names += map(_corpus_path, _roots(path))
        else:
            shown = map(shown_path, _roots(path) or [Path(path)])
            names += [user_path(posixpath.normpath(each)) for each in shown]
    return tuple(names)


def folders(path: str) -> list[Path]:
    """The folders that have the case files, or will have those that are still to come."""
    if _is_pattern(path) and not path.startswith(CORPUS):
        return [Path(*takewhile(lambda part: not glob.has_magic(part), Path(path).parts))]
    roots = _roots(path) or [Path(path)]
    return [root if root.is_dir() else root.parent for root in roots]


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not os.path.exists(path)


def _roots(path: str) -> list[Path]:
    """The files and folders that a path names or matches, in order."""
    if not path.startswith(CORPUS):
        return _matches(path, "")
    name = path.removeprefix(CORPUS)
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        return []
    return _matches(os.path.join(corpus(), name), str(corpus()))


def _matches(pattern: str, folder: str) -> list[Path]:
    """folder: what of the pattern is taken literally."""
    if os.path.exists(pattern):
        return [Path(pattern)]
    try:
        rest = pattern[len(folder) :]
        matches = glob.glob(glob.escape(folder) + rest, recursive=True)
    except ValueError:  # a NUL, which no file's name can have
        return []
    return [Path(match) for match in sorted(matches) if os.path.exists(match)]


def _below(root: Path) -> list[Path]:
    """The file itself, or the case files below the folder but in hidden ones, in order: `.venv` has
    those of the package, `.github` other YAML."""
    if not root.is_dir():
        return [root]

    def refuse(error: OSError) -> None:
        raise UserError(f"{visible(str(error.filename))}: {error.strerror}") from None

    files: list[Path] = []
    above = {root: frozenset({root.resolve()})}  # a folder, and what it really is, with those above
    for folder, below, names in os.walk(root, onerror=refuse, followlinks=True):
        here = above.pop(Path(folder))
        kept = {name: Path(folder, name) for name in below if not name.startswith(".")}
        real = {name: path.resolve() for name, path in kept.items()}
        below[:] = [name for name in kept if real[name] not in here]  # a link may lead back up
        above |= {kept[name]: here | {real[name]} for name in below}
        files += (file for name in names if _is_case(file := Path(folder, name)))
    return sorted(files)


def _is_case(file: Path) -> bool:
    """Whether it is a case file; a link that leads nowhere is one, which cannot be read."""
    is_there = file.is_file() or (file.is_symlink() and not file.exists())
    return file.suffix in SUFFIXES and is_there


def shown_path(file: Path) -> str:
    """The path from the working directory to a file below it; of others as it is. One that would
    read `corpus:...` begins with `./`."""
    absolute, here = Path(os.path.abspath(file)), Path.cwd()
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else file
    return user_path(shown.as_posix())


def user_path(path: str) -> str:
    """The path of a user's file, which begins with `./` where it would read `corpus:...`."""
    return f"./{path}" if path.startswith(CORPUS) else path


def _corpus_path(file: Path) -> str:
    """`corpus:...` for a file or folder that ships with the package."""
    return CORPUS if file == corpus() else CORPUS + file.relative_to(corpus()).as_posix()
