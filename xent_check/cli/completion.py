"""Shell completion: implementations, formats, tags, case files, and the words of every choice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    split_arg_string,
)

from .default_paths import FOLDER

Items = list[CompletionItem]
_Complete = Callable[[click.Context, click.Parameter, str], Items]
_MAX_FILES = 400  # case files that are searched for tags; more would keep the shell waiting


def implementation_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> Items:
    """`keras`; after a colon its modes, after an @ the devices; else a file, `mine.py:f`."""
    from xent_check.implementations.table import CUSTOM, IMPLEMENTATIONS

    spec, at, _ = incomplete.rpartition("@")
    base, colon, _ = incomplete.partition(":")
    if at:
        devices = IMPLEMENTATIONS.get(spec.partition(":")[0], CUSTOM).devices
        return _matching([f"{spec}@{device}" for device in devices], incomplete)
    if colon and base in IMPLEMENTATIONS:
        modes = IMPLEMENTATIONS[base].modes
        return _matching([f"{base}:{mode}" for mode in modes], incomplete)
    return _matching([*IMPLEMENTATIONS, *_declared()], incomplete) or _files(incomplete)


def _declared() -> list[str]:
    """The names that the project declares; none where its table is wrong."""
    from xent_check.casefile.pyproject import TABLES, find_table
    from xent_check.errors import UserError

    try:
        table = find_table(Path.cwd())
    except UserError:
        return []
    tables = table.value.get(TABLES) if table and isinstance(table.value, dict) else None
    return [*tables] if isinstance(tables, dict) else []


def report_formats(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """A format; after `FORMAT=` a file."""
    from xent_check.reporters.formats import REPORTERS

    _, equals, file = incomplete.partition("=")
    if equals:
        return _files(file)
    return _matching(REPORTERS, incomplete)


def case_tags(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """The tags of the paths given before, else of the folder cases, else of those that ship with
    the package."""
    from xent_check.casefile.listing import list_cases
    from xent_check.casefile.paths import CORPUS, case_files, split_path
    from xent_check.errors import UserError

    tags: set[str] = set()
    # An option that still lacks its value leaves the paths before it where click found them.
    default = FOLDER if os.path.isdir(FOLDER) else CORPUS
    for path in context.params.get("paths") or context.args or (default,):
        try:
            for file in case_files(split_path(path)[0])[:_MAX_FILES]:
                tags |= {tag for case in list_cases(file.path) for tag in case.tags}
        except (OSError, UserError):
            continue
    return _matching(sorted(tags), incomplete)


def case_paths(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """A folder or a case file, also of those that ship with the package; after `PATH::` the names
    of its cases."""
    from xent_check.casefile.paths import CORPUS, corpus_names

    if "::" not in incomplete:
        depth = incomplete.count("/")  # the files of a folder behind its slash, as a shell does
        shipped = _matching([n for n in corpus_names() if n.count("/") == depth], incomplete)
        if incomplete.startswith(CORPUS):
            return shipped
        return _matching([CORPUS], incomplete) + shipped + _files(incomplete, "*.yaml *.yml")
    from xent_check.casefile.listing import list_cases
    from xent_check.casefile.paths import case_files, split_path
    from xent_check.errors import UserError

    path, _ = split_path(incomplete)
    try:
        cases = [case for file in case_files(path) for case in list_cases(file.path)]
    except (OSError, UserError):
        return []
    return _matching([f"{path}::{case.name}" for case in cases], incomplete)


def interpreters(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """`torch=`, and behind it a file; or a file alone."""
    from xent_check.implementations.table import IMPLEMENTATIONS

    _, equals, file = incomplete.partition("=")
    if equals:
        return _files(file)
    return _matching([f"{name}=" for name in IMPLEMENTATIONS], incomplete) + _files(incomplete)


def one_of(*words: str) -> _Complete:
    """A completion of one of these words."""
    return lambda context, parameter, incomplete: _matching(words, incomplete)


def some_of(*words: str) -> _Complete:
    """A completion of some of these words, with commas between them."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
        before, comma, _ = incomplete.rpartition(",")
        others = [word for word in words if word not in before.split(",")]
        return _matching([f"{before}{comma}{word}" for word in others], incomplete)

    return complete


def _matching(words: Iterable[str], incomplete: str) -> Items:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _files(incomplete: str, only: str = "") -> Items:
    """Files are left to the shell, which quotes them. only: patterns for shells that can filter."""
    return [CompletionItem(incomplete, type="file", only=only)]


_BASH = r"""
%(complete_func)s() {
    local IFS=$'\n' response completion type value pattern
    response=$(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1")
    for completion in $response; do
        IFS=, read -r type value <<< "$completion"
        case $type in
            plain) COMPREPLY+=("$(printf '%%q' "$value")") ;;
            file) compopt -o default ;;
            some)
                compopt -o filenames -o default
                COMPREPLY+=($(compgen -d -- "$2"))
                IFS=' '
                for pattern in $value; do
                    IFS=$'\n'
                    COMPREPLY+=($(compgen -f -X "!$pattern" -- "$2"))
                done
                ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Bash breaks words at `:`, `=` and `@`, which our names contain: this reads the whole line,
    and answers with the text after the last break."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the incomplete one."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """One line for the script: the kind of the item, a comma, its text after the last break."""
        if item.type == "file":
            only = getattr(item, "only", "")
            return f"some,{only}" if only else "file,"
        _, incomplete = self.get_completion_args()
        return f"plain,{item.value[_last_break(incomplete) :]}"


def _last_break(incomplete: str) -> int:
    """The index in `incomplete` at which the word of Bash begins; an @ belongs to that word."""
    breaks = os.environ.get("COMP_WORDBREAKS", ":=@")
    ends = [i + 1 for i, c in enumerate(incomplete) if c in ":=" and c in breaks]
    starts = [i for i, c in enumerate(incomplete) if c == "@" and c in breaks]
    return max([*ends, *starts], default=0)


_FISH = r"""
function %(complete_func)s
    for completion in (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \
            COMP_CWORD=(commandline -t) %(prog_name)s)
        set -l parts (string split -m 1 , $completion)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Fish(FishComplete):
    """click's cuts what follows the second comma of a line, of a description too."""

    source_template = _FISH

    def format_completion(self, item: CompletionItem) -> str:
        """`TYPE,VALUE`, and after a tab its help on one line."""
        about = " ".join((item.help or "").split())
        return f"{item.type},{item.value}\t{about}" if about else f"{item.type},{item.value}"


def register() -> None:
    """Replace click's completion for Bash and Fish."""
    add_completion_class(Bash)
    add_completion_class(Fish)


def command_items(commands: Sequence[tuple[str, str]], incomplete: str) -> Items:
    """The commands with their help; none is loaded."""
    return [CompletionItem(n, help=about) for n, about in commands if n.startswith(incomplete)]
