"""What mkdocs calls: the pages that are made from the package and its cases join the others."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from site_pages import FOLDERS, pages

PAGES = pages()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A folder in `nav` stands for the pages made in it, in their order."""
    config.nav = [_opened(item) for item in config.nav or ()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, text in PAGES.items():
        files.append(File.generated(config, name, content=text))
    return files


def _opened(item: Any) -> Any:
    match item:
        case dict() if (folder := next(iter(item.values()))) in FOLDERS:
            title = next(iter(item))
            return {title: [name for name in PAGES if name.startswith(folder)]}
    return item
