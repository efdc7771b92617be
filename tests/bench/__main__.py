"""How long the command takes and how much memory its own process needs, against the targets.

    python -m tests.bench [--rounds N] [--only TEXT] [--json FILE] [--compare OLD.json]

The commands of a ratio take turns in one run, so that a busy machine slows both alike; a figure is
the median. The run's warm figure keeps one JAX compilation cache between rounds, the cold figure
has an empty one each time. A difference is that of the quickest rounds. The memory is that of the
process that the user starts, without the frameworks' own; of streaming, that of all. Streaming is
measured once, on files of 2.1 and 4.2 GB, and so is a sweep. Exits 1 where a target is missed.
Linux and macOS; Linux alone for streaming.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from xent_check.casefile.loading import Filter, load
from xent_check.casefile.paths import corpus

from . import small_cases, streaming, sweeping
from .commands import XENT_CHECK, seconds
from .figures import Figure, line, save, values_in

RUN_AND_TELL_MEMORY = """\
import atexit, resource, sys
unit = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
told = sys.argv.pop()
atexit.register(lambda: open(told, "w").write(str(peak())))
from xent_check.cli import main
main()
"""


RUN_AND_TELL_SHARE = """\
import atexit, contextlib, json, resource, sys, time
from xent_check import timing
from xent_check.running import session
told, check, of = sys.argv.pop(), session.Session.check, timing.Clock.of
shown = {"judge": 0.0}
@contextlib.contextmanager
def of_processor(clock, activity, subject=""):
    start = time.thread_time()
    with of(clock, activity, subject):
        yield
    shown["judge"] += time.thread_time() - start if activity in JUDGING else 0.0
def telling(self, *arguments):
    report = check(self, *arguments)
    waited = sum(s.seconds for s in report.spent if s.activity in JUDGING)
    shown["waited"] = waited / report.seconds
    return report
def tell():
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    shown["all"] = sum(u.ru_utime + u.ru_stime for u in used)
    open(told, "w").write(json.dumps(shown))
JUDGING = ("reference", "judging")
timing.Clock.of, session.Session.check = of_processor, telling
atexit.register(tell)
from xent_check.cli import main
main()
"""
MEASURED: dict[str, Callable[[int], Sequence[Figure]]] = {
    "runs": lambda rounds: run_figures(rounds),
    "small cases": lambda rounds: small_cases.figures(rounds),
    "judging": lambda rounds: judging_figures(rounds),
    "help": lambda rounds: [help_figure(3 * rounds)],
    "observed": lambda rounds: [observed_figure(3 * rounds)],
    "reading": lambda rounds: reading_figures(rounds),
    "memory": lambda rounds: memory_figures(rounds),
    "streaming": lambda _: streaming.figures(),
    "sweep": lambda _: sweeping.figures(),
}


def main() -> int:
    """Measure, print the table, and say whether each target holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement [default: 5]")
    parser.add_argument(
        "--only", choices=MEASURED, action="append", help="measure this; repeatable"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--compare", type=Path, help="tell how they moved since this file")
    asked = parser.parse_args()
    older = values_in(asked.compare) if asked.compare else {}
    figures: list[Figure] = []
    for name in asked.only or MEASURED:
        for figure in MEASURED[name](asked.rounds):
            print(line(figure, older), flush=True)
            figures.append(figure)
    if asked.json:
        save(figures, asked.json)
    return int(any(figure.missed for figure in figures))


THREADS = [
    str(corpus() / "forum" / f"{name}.yaml")
    for name in ("binary", "sparse", "language_model", "probabilities", "within_2e-6")
]
TARGETS = {"threads, warm": 1.25, "whole corpus, warm": 2.5, "whole corpus, cold": 6.0}


def run_figures(rounds: int) -> list[Figure]:
    """The two threads' cases, and the whole corpus, over importing TensorFlow; with a warm cache
    and with an empty one."""
    imports = [sys.executable, "-c", "import tensorflow"]
    runs = {
        "threads": [*XENT_CHECK, "run", *THREADS],
        "whole corpus": [*XENT_CHECK, "run", "corpus:"],
    }
    taken: dict[str, list[float]] = {"tensorflow": []}
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        seconds(runs["whole corpus"], warm)
        seconds(imports, warm)
        for round_ in range(rounds):
            taken["tensorflow"].append(seconds(imports, warm))
            for name, command in runs.items():
                if name == "threads" or round_ == 0:
                    cold = Path(folder) / f"cold {name} {round_}"
                    taken.setdefault(f"{name}, warm", []).append(seconds(command, warm))
                    taken.setdefault(f"{name}, cold", []).append(seconds(command, cold))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    base = medians.pop("tensorflow")
    return [
        Figure(
            f"run of the {name} / import tensorflow",
            median / base,
            "x",
            TARGETS.get(name),
            f"{median:.2f} s / {base:.2f} s, {len(taken[name])} rounds",
        )
        for name, median in medians.items()
    ]


def help_figure(rounds: int) -> Figure:
    """The help text over importing click."""
    shown, imported = [], []
    for _ in range(rounds):
        imported.append(seconds([sys.executable, "-c", "import click"]))
        shown.append(seconds([*XENT_CHECK, "--help"]))
    ours, base = statistics.median(shown), statistics.median(imported)
    detail = f"{ours * 1000:.0f} ms / {base * 1000:.0f} ms, {rounds} rounds"
    return Figure("xent-check --help / import click", ours / base, "x", 1.3, detail)


def observed_figure(rounds: int) -> Figure:
    """Explaining an observed total, of which no framework is told, beyond importing numpy."""
    problem = ["--loss", "sparse_categorical", "--labels", "[1, 0]"]
    probs = ["--probs", "[[0.999999999, 1e-9], [0.9, 0.1]]"]
    explained, imported = [], []
    for _ in range(rounds):
        imported.append(seconds([sys.executable, "-c", "import numpy"]))
        explained.append(seconds([*XENT_CHECK, "eval", *problem, *probs, "--observed", "8.11173"]))
    ours, base = min(explained), min(imported)  # a difference, which a busy machine stretches
    detail = f"{ours * 1000:.0f} ms - {base * 1000:.0f} ms, least of {rounds} rounds"
    return Figure("xent-check eval --observed - import numpy", ours - base, "s", 0.25, detail)


def judging_figures(rounds: int) -> tuple[Figure, Figure]:
    """The processor's seconds for exact values, bounds and judging over those of the whole run of
    the corpus, all processes counted; and the same share of the run's duration, in which the judge
    also waits for a processor that the frameworks hold."""
    ran = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            told = Path(folder) / "share"
            seconds([sys.executable, "-c", RUN_AND_TELL_SHARE, "run", "corpus:", "-q", str(told)])
            ran.append(json.loads(told.read_text()))
    one = sorted(ran, key=lambda shown: shown["judge"] / shown["all"])[len(ran) // 2]
    what, detail = "exact values, bounds and judging", f"{rounds} rounds"
    used = f"{one['judge']:.2f} s / {one['all']:.1f} s of the processor, {detail}"
    waited = statistics.median(shown["waited"] for shown in ran)
    return (
        Figure(what, one["judge"] / one["all"], "x", 0.1, used),
        Figure(f"{what}, with waiting", waited, "x", None, f"of the duration, {detail}"),
    )


def reading_figures(rounds: int) -> tuple[Figure, Figure]:
    """2,000 small cases, read and posed, and that over libyaml's bare events of the same file; in
    seconds of the processor, which a busy machine stretches less."""
    draw = random.Random(0)
    text = "defaults: {loss: sparse_categorical}\ncases:\n"
    for index in range(2000):
        rows = [[f"{draw.gauss(0, 3):.5f}" for _ in range(16)] for _ in range(15)]
        lines = ",\n      ".join(f"[{', '.join(row)}]" for row in rows)
        text += (
            f"  - name: case-{index}\n    logits: [\n      {lines}]\n    labels: {[*range(15)]}\n"
        )
    taken, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.yaml"
        file.write_text(text)
        for _ in range(rounds):
            start = time.process_time()
            for _event in yaml.parse(text, Loader=yaml.CBaseLoader):
                pass
            middle = time.process_time()
            load([str(file)], Filter())
            taken.append(time.process_time() - middle)
            bare.append(middle - start)
    ours, base = min(taken), min(bare)
    detail = f"{ours:.2f} s / {base:.2f} s, least of {rounds} rounds, {len(text) / 1e6:.1f} MB"
    return (
        Figure("reading 2,000 cases", ours, "s", 0.8, detail),
        Figure("reading 2,000 cases / libyaml's events", ours / base, "x", 3.5, detail),
    )


def memory_figures(rounds: int) -> tuple[Figure, Figure]:
    """The peak memory of the process that the user starts, on the shipped corpus.

    The target is for what its small cases need: the few of up to 400,000 samples, on which totals
    are told apart, are held whole with the answers of every implementation.
    """
    small = _peak(["-k", "not large_sums"], rounds)
    detail = f"{rounds} rounds, greatest of them"
    return (
        Figure("peak memory of the parent, large sums left out", small, "MiB", 150, detail),
        Figure("peak memory of the parent", _peak([], rounds), "MiB", None, detail),
    )


def _peak(arguments: Sequence[str], rounds: int) -> float:
    """MiB, the most of some runs of the shipped cases."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            told = Path(folder) / "peak"
            run = ["run", "corpus:", *arguments]
            seconds([sys.executable, "-c", RUN_AND_TELL_MEMORY, *run, str(told)])
            peaks.append(int(told.read_text()) / 2**20)
    return max(peaks)


if __name__ == "__main__":
    sys.exit(main())
