"""What others copy to their CI, and our own: valid, and of commands and options that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import platformdirs.unix
import pytest
from ruamel.yaml import YAML

from tests.support.reports import report
from xent_check.cli import COMMANDS, group
from xent_check.cli.output import Look, Output
from xent_check.reporters.formats import REPORTERS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *((ROOT / "docs" / "how-to").glob("*.md"))]
IN_CI = "\n".join(page.read_text(encoding="utf-8") for page in sorted(PAGES))
FILE_BLOCK = re.compile(r"```yaml\n# (\.\S+)\n(.*?)```", re.DOTALL)
FILES = dict(FILE_BLOCK.findall(IN_CI))
OWN = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOWS = {name: text for name, text in FILES.items() if name.startswith(".github/")}
ALL = {**FILES, "ours": OWN}
DOCS = (ROOT / ".github" / "workflows" / "docs.yml").read_text(encoding="utf-8")


def loaded(text: str) -> Any:
    return YAML(typ="safe").load(text)


def assert_valid(text: str, schema: str, tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_file_for_each_service() -> None:
    assert {".gitlab-ci.yml", ".pre-commit-config.yaml"} <= set(FILES)
    assert len(WORKFLOWS) == 3


@pytest.mark.parametrize("text", [*WORKFLOWS.values(), OWN, DOCS], ids=[*WORKFLOWS, "ci", "docs"])
def test_a_workflow_is_one_for_github(text: str, tmp_path: Path) -> None:
    assert_valid(text, "github-workflows", tmp_path)


def test_the_gitlab_job_is_one_for_gitlab(tmp_path: Path) -> None:
    assert_valid(FILES[".gitlab-ci.yml"], "gitlab-ci", tmp_path)


# ---- what they run ----------------------------------------------------------------------------


def scripts(data: Any) -> Iterator[str]:
    """Every shell line of a workflow or a job."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("run", "entry") and isinstance(value, str):
                yield value
            elif key == "script":
                yield from value
            else:
                yield from scripts(value)
    elif isinstance(data, list):
        for item in data:
            yield from scripts(item)


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", IN_CI, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return lines + [line for text in ALL.values() for line in scripts(loaded(text))]


def calls() -> list[list[str]]:
    """The words after each `xent-check`."""
    found = [
        shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line))
        for line in shell_lines()
        if re.match(r"(\S*/)?xent-check ", line)
    ]
    return [words[1:] for words in found]


def test_who_writes_a_page_installs_what_it_needs() -> None:
    assert "with its extra `html` for the page" in IN_CI
    ours = re.compile(r"pip install .*(xent|\.\[)")  # not what a cluster needs beside it
    installs = {line for line in shell_lines() if ours.search(line) and "==" not in line}
    assert len(installs) >= 4
    of_a_cluster = "[distributed]"  # which writes no page
    taken = ("-r requirements-xent.txt", ".[all]", ".[all,test]", of_a_cluster)
    assert all(any(words in line for words in taken) for line in installs)


def test_the_calls_are_found() -> None:
    assert {words[0] for words in calls()} >= {"run", "merge", "accept", "explain"}


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_a_call_has_a_command_and_options_that_exist(words: list[str]) -> None:
    command = group.get_command(click.Context(group), words[0])
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if re.match(r"-[^\d]", word)} <= options
    formats = [words[i + 1].partition("=")[0] for i, w in enumerate(words) if w == "--report"]
    assert set(formats) <= set(REPORTERS)


def test_each_format_is_said_to_be_for_something() -> None:
    table = IN_CI[IN_CI.index("| format | for |") :].split("\n\n")[0]
    named = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted(REPORTERS)


def test_our_job_writes_what_it_uploads() -> None:
    (run,) = [words for words in calls() if words[1:2] == ["cases"] and "--require" in words]
    written = {word.partition("=")[2] for word in run if "=" in word} - {"$GITHUB_STEP_SUMMARY"}
    steps = loaded(OWN)["jobs"]["cases"]["steps"]
    taken = [step["with"] for step in steps if "upload" in step.get("uses", "")]
    uploaded = {w for with_ in taken for w in (with_.get("path") or with_["sarif_file"]).split()}
    assert uploaded == written


def test_the_site_is_published_as_it_is_built_here() -> None:
    """By the command that .ci/run ends with, from the folder that this writes."""
    (job,) = loaded(DOCS)["jobs"].values()
    build = next(line for line in scripts(job) if line.startswith("mkdocs"))
    assert f"bin/{build}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    settings = ROOT / "docs" / "site" / "mkdocs.yml"
    assert build == f"mkdocs build --strict -f {settings.relative_to(ROOT)}"
    (written,) = re.findall(r"^site_dir: (.*)$", settings.read_text("utf-8"), re.MULTILINE)
    (uploaded,) = [
        step["with"]["path"] for step in job["steps"] if "upload" in step.get("uses", "")
    ]
    assert ROOT / uploaded == (settings.parent / written).resolve()


def test_nothing_is_commented_and_rights_are_few() -> None:
    for name in (*WORKFLOWS, "ours"):
        data = loaded(ALL[name])
        rights = [
            data.get("permissions", {}),
            *(j.get("permissions", {}) for j in data["jobs"].values()),
        ]
        assert {key for right in rights for key, value in right.items() if value == "write"} <= {
            "security-events"
        }


def test_what_is_cached_is_where_it_is_kept() -> None:
    paths = re.findall(r"path: (~/\S+)", OWN + IN_CI)
    assert len(paths) == 2
    kept = Path(platformdirs.unix.Unix("xent-check").user_cache_dir)
    default = f"~/.cache/{kept.name}"
    assert set(paths) == {default}


# ---- pre-commit -------------------------------------------------------------------------------


def hooks() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = loaded((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return made


def test_a_hook_runs_a_command_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for hook in hooks():
        assert {"id", "name", "description", "entry", "language"} <= set(hook)
        script, command = hook["entry"].split()
        assert script in project["scripts"]
        assert command in COMMANDS


def test_the_hook_takes_case_files_alone() -> None:
    assert len(hooks()) == 2
    for hook in hooks():
        taken = re.compile(hook["files"])
        assert all(taken.search(path) for path in ("cases/a.yaml", "x/cases/y/b.yml"))
        assert not any(taken.search(path) for path in ("a.yaml", "mycases/a.yaml", "cases/a.npy"))


def test_the_hook_shown_is_one_of_ours() -> None:
    (repo,) = loaded(FILES[".pre-commit-config.yaml"])["repos"]
    assert {hook["id"] for hook in repo["hooks"]} == {hook["id"] for hook in hooks()}


# ---- the summary of a step --------------------------------------------------------------------


def test_a_step_s_summary_is_added_to_and_another_file_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, other = tmp_path / "summary", tmp_path / "other.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for file in (summary, other):
        file.write_text("# before\n", encoding="utf-8")
        for _ in range(2):
            assert Output("markdown", file).write(report([]), Look()) == ""
    assert summary.read_text(encoding="utf-8").startswith("# before\n## xent-check")
    assert summary.read_text(encoding="utf-8").count("## xent-check") == 2
    assert other.read_text(encoding="utf-8").count("## xent-check") == 1
    assert "# before" not in other.read_text(encoding="utf-8")
