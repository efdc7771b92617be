"""Markdown: whatever a text holds, a renderer shows exactly that text and makes nothing of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.reports import case, report, result
from xent_check.errors import visible
from xent_check.reporters.formats import Terminal, reporter
from xent_check.reporters.markdown_text import cell, fenced, inline, linked

WEB = "http://example.org/x.png"
TEXTS = (
    f"![x]({WEB})", f"[x]({WEB})", "![x](y.png)", "[x](y)", f"[x][1] [1]: {WEB}", "[^1]", WEB,
    f"<{WEB}>", "<b>x</b>",
    "&lt;b&gt; &amp; &#35;", "`x` ``y``", "**x** _y_ ~~z~~", "# x", "x #", "- x", "+ x", "* x",
    "> x", "> [!NOTE]", "1. x", "2) x", "===", "---", "***", "| a | b |", "a|b", r"a\|b", r"x\\",
    "x\\", "- [ ] x", "$x$ and $$y$$", "@octocat", "a@example.org", "#123", "owner/name#123",
    "GH-12", "www.example.org", ":tada: :+1:", "two  blanks\nand a line", "\ttab", "    code",
    "a\x1b[31m\u202eb\x07", "<!-- x", "--> x", "<details>", "x <br> y", "://", "```\nx\n```",
)  # fmt: skip


def renderer() -> MarkdownIt:
    """GitHub's dialect: addresses of the web with a scheme, as its specification has them (6.9)."""
    markdown = MarkdownIt("gfm-like", {"html": True})
    assert markdown.linkify is not None
    markdown.linkify.set({"fuzzy_link": False})
    return markdown


MARKDOWN = renderer()


class Page(HTMLParser):
    """The tags of a page and its text, node by node: a comment parts two of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.nodes = [""]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.nodes[-1] += data

    def handle_comment(self, data: str) -> None:
        self.nodes.append("")

    @property
    def text(self) -> str:
        return "".join(self.nodes).strip()


def shown(text: str) -> str:
    return " ".join(visible(word) for word in text.split())


CONTEXTS = (
    ("{}", ["p"], inline), ("before {} after", ["p"], inline), ("# {}", ["h1"], inline),
    ("- {}", ["ul", "li"], inline), ("> {}", ["blockquote", "p"], inline),
    ("- **fails**: {}", ["ul", "li", "strong"], inline),
    ("| a |\n|---|\n| {} |", ["table", "thead", "tr", "th", "tbody", "tr", "td"], cell),
)  # fmt: skip
NASTY = st.text(
    st.sampled_from(list("\\`*_~[]()!#$<>&|@:/.+-= \n\t13aGHwhtp{}^\"';x\u00e9\x1b\u202e")),
    min_size=1,
    max_size=24,
).filter(lambda text: text.split() != [])


@pytest.mark.parametrize(("context", "tags", "escape"), CONTEXTS, ids=[c[0] for c in CONTEXTS])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_rendered_as_itself(
    text: str, context: str, tags: list[str], escape: object
) -> None:
    assert callable(escape)
    holds(text, context, tags, escape(text))


@given(NASTY, st.sampled_from(CONTEXTS))
@example("\\|", CONTEXTS[-1])
def test_any_text_is_rendered_as_itself(text: str, chosen: tuple[str, list[str], object]) -> None:
    context, tags, escape = chosen
    assert callable(escape)
    holds(text, context, tags, escape(text))


def holds(text: str, context: str, tags: list[str], escaped: str) -> None:
    page = Page(MARKDOWN.render(context.format(escaped)))
    frame = Page(MARKDOWN.render(context.format("X")))
    assert page.tags == frame.tags == tags
    assert page.text == frame.text.replace("X", shown(text))
    assert not [node for node in page.nodes if found_by_github(node)]


def found_by_github(node: str) -> bool:
    """What GitHub makes of the text of a page: mentions, references, emoji, addresses (Writing on
    GitHub: mentioning people, autolinked references, using emoji)."""
    patterns = r"@[^\W_]", r"#\d", r"\bGH-\d", r"(?<!:):[\w+-]+:", r"://", r"\bwww\."
    return any(re.search(pattern, node, re.IGNORECASE) for pattern in patterns)


def test_an_address_is_linked_where_that_is_meant_and_nothing_else_is() -> None:
    page = Page(MARKDOWN.render(linked(WEB)))
    assert (page.tags, page.text) == (["p", "a"], WEB)
    for text in (f"{WEB}> <img src=x>", f"{WEB} x", f"![]({WEB})", "javascript:alert(1)"):
        page = Page(MARKDOWN.render(linked(text)))
        assert (page.tags, page.text) == (["p"], text)


def test_code_within_a_fence_stays_within_it() -> None:
    page = Page(MARKDOWN.render(fenced("a\n````\n<b>\u202e\n@x", "python")))
    assert page.tags == ["pre", "code"]
    assert page.text == "a\n````\n<b>\\u202e\n@x"


def test_a_report_in_markdown_has_no_image_and_no_link() -> None:
    names = [f"![x]({WEB})", f"[x]({WEB})", "@octocat #1"]
    failed = [
        result(case(name), "torch", "failed", reason=f"{name} <img src={WEB}> {WEB}")
        for name in names
    ]
    of = report(failed, warnings=tuple(names))
    page = Page(MARKDOWN.render(reporter("markdown").render(of, Terminal())))
    assert not {"img", "a"} & set(page.tags)
    assert page.text.count(f"![x]({WEB})") >= 3
    assert not [node for node in page.nodes if found_by_github(node)]
