"""What the package gives to Python, from its docstrings."""

from __future__ import annotations

import inspect
from types import ModuleType

import xent_check

from .prose import table


def page(module: ModuleType = xent_check) -> str:
    """The Markdown of the page: each public name of the module."""
    return "\n\n".join(["# Python", *(_offered(module) or [_nothing(module)])]) + "\n"


def _offered(module: ModuleType) -> list[str]:
    """A section for each public function and class."""
    return [
        f"## `{name}{inspect.signature(value)}`\n\n{inspect.getdoc(value) or ''}"
        for name, value in vars(module).items()
        if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value))
    ]


def _nothing(module: ModuleType) -> str:
    rows = [["`xent_check.__version__`", f'the version, `"{module.__version__}"`']]
    return f"""\
There is no Python API yet. All that may be imported is the version:

{table(["name", "what it is"], rows)}

What else can be imported is the inside of the package and changes without notice. From a program,
call the command and read its result, whose form is [documented](result.md) and kept:

```python
import json
import subprocess

command = ["xent-check", "run", "cases", "--report", "json"]
done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
report = json.loads(done.stdout)
print(report["summary"]["verdict"])
```

`python -m xent_check` is the same command. How a function of yours takes part is in
[Your own loss](../how-to/own-loss.md)."""
