"""Bugs in what reaches the reader."""

from __future__ import annotations

from . import Bug

GUARDING = "test_guarding.py"
PATHS = "test_paths.py"
MARKUP = "test_markup.py"
HTML = "test_html.py"
REPORTERS = "test_reporters.py"
WORKER = "test_worker.py"

BUGS = (
    Bug(
        "a text names a script's encoding", "repro/__init__.py",
        '["# -*- coding: utf-8 -*-", *blocks]', "blocks", "test_repro.py", "is_code_of",
    ),
    Bug(
        "a name makes a line of its own", "wording.py",
        'who = visible(f"{result.implementation} {_VERBS[result.status]} {result.case.id}")',
        'who = f"{result.implementation} {_VERBS[result.status]} {result.case.id}"', REPORTERS,
        "several_lines",
    ),
    Bug(
        "the page hides characters", "reporters/html.py", "finalize=_shown,", "", HTML,
        "character_of_the_page",
    ),
    Bug(
        "a drawing hides characters", "reporters/plot_errors.py", "visible(e.implementation)",
        "e.implementation", HTML, "a_drawing_has_names",
    ),
    Bug(
        "a drawing reads mathematics", "reporters/plot_canvas.py", '"text.parse_math": False,', "",
        HTML, "a_drawing_has_names",
    ),
    Bug(
        "the root counts the skipped", "reporters/junit.py", 'root.attrib.pop("skipped", None)',
        "pass", REPORTERS, "jenkins_allows",
    ),
    Bug(
        "the time of the run is the sum of its answers'", "reporters/junit.py",
        'root.set("time", str(report.seconds))', "pass", REPORTERS, "jenkins_allows",
    ),
    Bug(
        "a time with an exponent", "reporters/junit.py", ":.6f}", ":g}", REPORTERS,
        "jenkins_allows",
    ),
    Bug(
        "brackets make a link", "markup.py", r"[\\`*_~\[#$]", r"[\\`*_~#$]", MARKUP,
        "is_rendered_as_itself",
    ),
    Bug(
        "entities stand for characters", "markup.py",
        '.replace("&", "&amp;")', "", MARKUP, "is_rendered_as_itself",
    ),
    Bug(
        "a text begins a list", "markup.py", "_start(text))", "text)", MARKUP,
        "is_rendered_as_itself",
    ),
    Bug(
        "people are mentioned", "markup.py", 'r"@(?=\\w)"', 'r"@(?=\\0)"', MARKUP, "no_image",
    ),
    Bug(
        "a bar ends a cell", "markup.py", 'inline(text).replace("|", "\\\\|")', "inline(text)",
        MARKUP, "is_rendered_as_itself",
    ),
    Bug(
        "only blanks of ASCII come before a command", "cli/guarding.py",
        "[^!-~\\n])*:):", "[ ])*:):", GUARDING, "after_any_blank",
    ),
    Bug(
        "older commands are left", "cli/guarding.py",
        "return _ANYWHERE.sub(lambda match: match[1] + spelled(\"[\"), text)", "return text",
        GUARDING, "older_commands",
    ),
    Bug(
        "each write is a line", "cli/guarding.py",
        "line = self._line", 'line = ""', GUARDING, "cut_into_writes",
    ),
    Bug(
        "click writes past the guard", "cli/__init__.py",
        "(cast(TextIO, Guarded(s)) for s in (sys.stdout, sys.stderr))", "sys.stdout, sys.stderr",
        GUARDING, "bug_of_our_own",
    ),
    Bug(
        "data is escaped as text is", "cli/guarding.py",
        'dict.fromkeys(("json", "jsonl", "sarif"), as_json)', "{}", GUARDING, "no_report and json",
    ),
    Bug(
        "a text colours the table", "reporters/table.py",
        "console.push_render_hook(_AllVisible())", "pass", GUARDING, "shown_in_a_coloured_table",
    ),
    Bug(
        "a dumb terminal gets colours", "cli/output.py",
        'in ("dumb", "unknown")', 'in ("unknown",)', GUARDING, "dumb_terminal",
    ),
    Bug(
        "the last colons of an id", "case.py",
        "(.*?)::((?:(?!::).)*)", "(.*)::(.*)", PATHS, "made_of",
    ),
    Bug(
        "the first colons of a path", "paths.py",
        "or os.path.exists(text)", "", PATHS, "whatever_it_is_called",
    ),
    Bug(
        "a death while it starts is for ever", "worker.py",
        "if self._deaths == MAX_DEATHS:", "if True:", WORKER, "while_it_starts",
    ),
    Bug(
        "what always dies is started for ever", "worker.py",
        "if self._deaths == MAX_DEATHS:", "if False:", WORKER, "given_up",
    ),
)  # fmt: skip
