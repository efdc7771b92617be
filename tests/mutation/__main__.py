"""Plants a random sample of small faults in the modules that decide, and tells which no test sees.

    pip install '.[test,mutation]'
    python -m tests.mutation [--sample 300] [--seed 0] [--module NAME]... [--again OUTPUT]

The same seed on the same sources gives the same sample. Works on a copy of the tree. For each
mutant it runs the tests that run the mutated function, the fastest first, until one fails; which
those are is recorded first, once per test file, into the user's cache. Faults that change nothing
are listed in equivalent.py with the reason and count apart. Exits 1 where fewer than 95% of the
others are noticed. POSIX only.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.mutation.deciders import DECIDERS
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import Mutant, compiles, mutants_of
from tests.mutation.tests_of import Tests
from tests.mutation.trial import Outcome, Trials
from tests.support.sources import source_file

ROOT = Path(__file__).parents[2]
TARGET = 0.95
QUICK = """
from hypothesis import Phase, settings

quick = [Phase.explicit, Phase.generate]
settings.register_profile("quick", phases=quick, database=None, derandomize=True)
settings.load_profile("quick")
"""


def main() -> int:
    """Sample, record, plant, report."""
    options = _parser().parse_args()
    modules = options.module or DECIDERS
    sources = {m: source_file(ROOT / "xent_check", m).read_text("utf-8") for m in modules}
    sample, equivalent = chosen(sources, options.sample, options.seed)
    if options.again:
        sample, equivalent = survivors(sources, options.again.read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="xent-check-mutation-") as folder:
        copy = Path(folder, "copy")
        ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=ignored)
        (copy / "conftest.py").write_text(QUICK, encoding="utf-8")
        os.environ |= {
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XENT_CHECK_EXAMPLES": "60",
            "XENT_CHECK_FRESH": "1",
        }
        os.environ.pop("PYTEST_ADDOPTS", None)
        os.chdir(copy)
        tests = Tests.known(copy, record=not options.recorded)
        outcomes = tried(sample, tests, options, sources)
    return report(outcomes, equivalent, sources)


def chosen(
    sources: Mapping[str, str], count: int, seed: int
) -> tuple[list[Mutant], list[tuple[Mutant, str]]]:
    """The sample, and those of it that are known to change nothing, with the reason."""
    every = [mutant for m, source in sources.items() for mutant in mutants_of(m, source)]
    random.Random(seed).shuffle(every)
    sample: list[Mutant] = []
    for mutant in every:
        if len(sample) < count and compiles(mutant.applied(sources[mutant.module])):
            sample.append(mutant)
    return _apart(sample, sources)


def survivors(
    sources: Mapping[str, str], text: str
) -> tuple[list[Mutant], list[tuple[Mutant, str]]]:
    """Those that an earlier output shows, as far as their lines still stand."""
    lines = text.partition("\nsurvived:\n")[2] or text
    shown = set(re.findall(r"(\w+)\.py:.*\n    - (.*)\n    \+ (.*)", lines))
    every = [mutant for m, source in sources.items() for mutant in mutants_of(m, source)]
    return _apart([m for m in every if (m.module, *m.shown(sources[m.module])) in shown], sources)


def _apart(
    mutants: Sequence[Mutant], sources: Mapping[str, str]
) -> tuple[list[Mutant], list[tuple[Mutant, str]]]:
    """Without those that are known to change nothing; and these, with the reason."""
    reasons = {m: EQUIVALENT.get((m.module, *m.shown(sources[m.module])), "") for m in mutants}
    return [m for m in mutants if not reasons[m]], [(m, r) for m, r in reasons.items() if r]


def tried(
    sample: Sequence[Mutant], tests: Tests, options: argparse.Namespace, sources: Mapping[str, str]
) -> list[Outcome]:
    """What became of each, told as it comes; Ctrl-C or the budget's end leaves the rest untried."""
    terminal = os.fdopen(os.dup(1), "w", buffering=1)
    end = time.monotonic() + options.budget if options.budget else float("inf")
    chosen = {m: tests.of(m, sources[m.module], options.each) for m in sample}
    files = sorted({test.partition("::")[0] for found in chosen.values() for test in found})

    def tell(outcome: Outcome) -> None:
        said = f"noticed by {outcome.noticed}" if outcome.noticed else "SURVIVED"
        m = outcome.mutant
        where = f"{len(trials.outcomes)}/{len(sample)} {m.module}.py:{m.line}"
        print(f"{where} {said} ({outcome.seconds:.1f} s)", file=terminal)
        if not outcome.noticed:
            print(shown(m, sources), file=terminal)
        if time.monotonic() > end:
            raise KeyboardInterrupt

    trials = Trials(sample, chosen.__getitem__, tell)
    sys.path.insert(0, str(Path.cwd()))
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        if name != __name__:
            del sys.modules[name]
    pytest.main([*files, "-q", "-s", "-p", "no:cacheprovider"], plugins=[trials])
    return trials.outcomes


def shown(mutant: Mutant, sources: Mapping[str, str]) -> str:
    """The change as two lines of a diff."""
    before, after = mutant.shown(sources[mutant.module])
    return f"    - {before}\n    + {after}"


def report(
    outcomes: Sequence[Outcome],
    equivalent: Sequence[tuple[Mutant, str]],
    sources: Mapping[str, str],
) -> int:
    """The survivors and the counts."""
    noticed = [o for o in outcomes if o.noticed]
    print("\nchange nothing:")
    for mutant, reason in equivalent:
        print(f"{mutant.module}.py:{mutant.line}: {reason}")
        print(shown(mutant, sources))
    print("\nsurvived:")
    for o in sorted(outcomes, key=lambda o: (o.mutant.module, o.mutant.start)):
        if not o.noticed:
            print(f"{o.mutant.module}.py:{o.mutant.line} ({o.tests} tests)")
            print(shown(o.mutant, sources))
    share = len(noticed) / len(outcomes) if outcomes else 0.0
    print(
        f"\n{len(noticed)} of {len(outcomes)} noticed, {share:.1%}; "
        f"{len(equivalent)} more change nothing; {sum(o.seconds for o in outcomes):.0f} s"
    )
    return int(share < TARGET)


def _parser() -> argparse.ArgumentParser:
    description, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=description)
    parser.add_argument("--sample", type=int, default=300, help="how many [default: 300]")
    parser.add_argument("--seed", type=int, default=0, help="of the sample [default: 0]")
    parser.add_argument("--module", action="append", choices=DECIDERS, help="repeatable")
    parser.add_argument("--each", type=float, default=60.0, help="seconds of tests per mutant")
    parser.add_argument("--again", type=Path, help="the survivors in this output, not a sample")
    parser.add_argument("--recorded", action="store_true", help="record nothing: leave such tests")
    parser.add_argument("--budget", type=float, help="seconds for all; the rest stays untried")
    return parser


if __name__ == "__main__":
    sys.exit(main())
