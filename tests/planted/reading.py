"""Bugs in what reaches the reader."""

from __future__ import annotations

from tests.planted import Bug

GUARDING = "test_guarding.py"
PATHS = "test_paths.py"
WHICH_CASES = "test_which_cases.py"
MARKUP = "test_markdown_text.py"
HTML = "test_html.py"
REPORTERS = "test_reporters.py"
LEVELS = "test_levels.py"
WORKER = "test_worker.py"

BUGS = (
    Bug(
        "a text names a script's encoding", "repro:_header",
        '["# -*- coding: utf-8 -*-", *blocks]', "blocks", "reporters/test_repro.py", "is_code_of",
    ),
    Bug(
        "a name makes a line of its own", "sentences:sentence",
        'subject = visible(f"{result.implementation} {_VERBS[result.status]} {result.case.id}")',
        'subject = f"{result.implementation} {_VERBS[result.status]} {result.case.id}"', REPORTERS,
        "several_lines",
    ),
    Bug(
        "the page hides characters", "page.template:template", "finalize=_printable,", "", HTML,
        "character_of_the_page",
    ),
    Bug(
        "a drawing hides characters", "plot_errors:histogram", "visible(e.implementation)",
        "e.implementation", HTML, "a_drawing_has_names",
    ),
    Bug(
        "a drawing reads mathematics", "plot_canvas:_STYLE", '"text.parse_math": False,', "",
        HTML, "a_drawing_has_names",
    ),
    Bug(
        "the root counts the skipped", "junit:_by_jenkins_schema",
        'root.attrib.pop("skipped", None)', "pass", REPORTERS, "jenkins_allows",
    ),
    Bug(
        "the time of the run is the sum of its answers'", "junit:_by_jenkins_schema",
        'root.set("time", str(report.seconds))', "pass", REPORTERS, "jenkins_allows",
    ),
    Bug(
        "a time with an exponent", "junit:_by_jenkins_schema", ":.6f}", ":g}", REPORTERS,
        "jenkins_allows",
    ),
    Bug(
        "brackets make a link", "markdown_text:_SPECIAL", r"[\\`*_~\[#$]", r"[\\`*_~#$]", MARKUP,
        "is_rendered_as_itself",
    ),
    Bug(
        "entities stand for characters", "markdown_text:inline",
        '.replace("&", "&amp;")', "", MARKUP, "is_rendered_as_itself",
    ),
    Bug(
        "a text begins a list", "markdown_text:inline", "_start(text))", "text)", MARKUP,
        "is_rendered_as_itself",
    ),
    Bug(
        "people are mentioned", "markdown_text:_DIVIDED",
        'r"@(?=\\w)"', 'r"@(?=\\0)"', MARKUP, "no_image",
    ),
    Bug(
        "a bar ends a cell", "markdown_text:cell",
        'inline(text).replace("|", "\\\\|")', "inline(text)",
        MARKUP, "is_rendered_as_itself",
    ),
    Bug(
        "only blanks of ASCII come before a command", "guarding:_BLANKS",
        "[^!-~\\n])*", "[ ])*", GUARDING, "after_any_blank",
    ),
    Bug(
        "older commands are left", "guarding:guarded",
        "return _ANYWHERE.sub(lambda match: match[1] + spelled(\"[\"), text)", "return text",
        GUARDING, "older_commands",
    ),
    Bug(
        "each write is a line", "guarding:Guarded.write",
        "line = self._line", 'line = ""', GUARDING, "cut_into_writes",
    ),
    Bug(
        "click writes past the guard", "cli:_open_standard_streams",
        "(cast(TextIO, Guarded(s)) for s in (sys.stdout, sys.stderr))", "sys.stdout, sys.stderr",
        GUARDING, "bug_of_our_own",
    ),
    Bug(
        "data is escaped as text is", "guarding:_SPELLINGS",
        'dict.fromkeys(("json", "jsonl", "sarif"), as_json)', "{}", GUARDING, "no_report and json",
    ),
    Bug(
        "a divergence has no row among the files", "level:noteworthy",
        'in ("diverges", "failed")', 'in ("failed",)', LEVELS, "stand_out",
    ),
    Bug(
        "a divergence is not told among the files", "formats.table:_print_results",
        'everything or result.status in ("diverges", "failed")', "everything", LEVELS,
        "one_divergence_among_many",
    ),
    Bug(
        "what made a gated run fail goes unsaid", "outcome:_gate_reasons",
        "if gate.failing:", "if False:", "test_outcome.py", "made_it_fail",
    ),
    Bug(
        "what failed is not counted", "outcome:_wrong",
        "for status, verb in _WRONG:", "for status, verb in _WRONG[:1]:", "test_outcome.py",
        "verbs_of_one",
    ),
    Bug(
        "a crash is not told with -q", "formats.table:_print_failures",
        "in alarms_of(report)", "in ()", LEVELS, "a_crash",
    ),
    Bug(
        "why nothing was compared is not told", "remarks:unanswered",
        "if report.compared_implementations:", "if True:", LEVELS, "why_nothing",
    ),
    Bug(
        "a text colours the table", "formats.table:render",
        "console.push_render_hook(_AllVisible())", "pass", GUARDING, "shown_in_a_coloured_table",
    ),
    Bug(
        "a dumb terminal gets colours", "output:is_dumb",
        'in ("dumb", "unknown")', 'in ("unknown",)', GUARDING, "dumb_terminal",
    ),
    Bug(
        "the last colons of an id", "paths:_ID",
        "(.*?)::((?:(?!::).)*)", "(.*)::(.*)", PATHS, "made_of",
    ),
    Bug(
        "a user's file passes for a shipped one", "paths:user_path",
        "if path.startswith(CORPUS)", "if False", WHICH_CASES, "pass_for",
    ),
    Bug(
        "shipped cases are gone from every run of a folder", "report:_is_below",
        'not file.startswith(("../", "/", CORPUS))', "True", WHICH_CASES, "below_its_paths",
    ),
    Bug(
        "a folder that cannot be read is an empty one", "paths:_below",
        "onerror=refuse", "onerror=None", WHICH_CASES, "cannot_be_read",
    ),
    Bug(
        "a shipped name leaves the package", "paths:_roots",
        '".." in PurePosixPath(name).parts', "False", WHICH_CASES, "refused_with_those",
    ),
    Bug(
        "`not` selects what it excludes", "keyword:_Parser._one",
        "inner(name) != negated", "inner(name)", "test_keyword.py", "is_selected",
    ),
    Bug(
        "the first colons of a path", "paths:split_path",
        "or os.path.exists(text)", "", PATHS, "whatever_it_is_called",
    ),
    Bug(
        "a death while it starts is for ever", "worker:Worker._start",
        "if self._deaths == MAX_DEATHS:", "if True:", WORKER, "while_it_starts",
    ),
    Bug(
        "what always dies is started for ever", "worker:Worker._start",
        "if self._deaths == MAX_DEATHS:", "if False:", WORKER, "given_up",
    ),
    Bug(
        "a finite number beyond the dtype is not said", "posing:_overflow",
        "if not len(beyond)", "if len(beyond)", "test_judging.py", "beyond",
    ),
    Bug(
        "a weight may be beyond the dtype", "posing:_ProblemBuilder.check_weights",
        "np.isfinite(self.in_dtype(array)).all()", "np.isfinite(array).all()",
        "test_bad_cases.py", "weights_that",
    ),
    Bug(
        "a soft label may be an infinity", "data_rules:outside_labels",
        "outside, allowed = ~np.isfinite(labels), \"finite numbers\"", "return",
        "test_bad_cases.py", "soft_label",
    ),
)  # fmt: skip
