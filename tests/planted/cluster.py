"""Bugs of what a cluster is asked, that need none to be seen."""

from __future__ import annotations

from tests.planted import Bug

NODE = "running/test_node.py"

BUGS = (
    Bug(
        "a worker of another release is taken", "running.node:difference",
        'if there["xent_check"] != here["xent_check"]:', "if False:", NODE,
    ),
    Bug(
        "a worker with another release of a framework is taken", "running.node:difference",
        'if release["release"] != other["release"]:', "if False:", NODE,
    ),
    Bug(
        "a worker with another file of a loss is taken", "running.node:difference",
        'if release["file"] != other["file"]:', 'if not other["file"]:', NODE,
    ),
    Bug(
        "a worker looks for a loss below its own folder", "running.resuming:_sources",
        "files = [folder / module]", "files = [Path(module)]", NODE,
    ),
    Bug(
        "which worker cannot load it is not said", "running.node:_Pool",
        'in ("import", "timeout")', 'in ("timeout",)', NODE,
    ),
    Bug(
        "processes keep the one thread that Dask gives", "running.node:_as_there",
        "name: os.environ.pop(name)", "name: os.environ[name]", NODE,
    ),
    Bug(
        "the processes of a run that ended stay", "running.node:_end",
        "kept.used >= idle", "kept.used < 0", NODE,
    ),
    Bug(
        "a task has problems of two frameworks", "running.cluster_pool:_tasks",
        "shapes.setdefault(worker_name(request[0]), {})", 'shapes.setdefault("", {})', NODE,
    ),
    Bug(
        "problems of a shape are not together", "running.cluster_pool:_tasks",
        "of_process.setdefault(_shape(request[1].message), [])", 'of_process.setdefault("", [])',
        NODE,
    ),
    Bug(
        "the last problem of a full task is lost", "running.cluster_pool:_cut",
        "            yield task\n", "            yield task[:-1]\n", NODE,
    ),
    Bug(
        "a case in chunks is asked whole", "running.session:_require_whole",
        "Chunking().split(posed_cases)[1]", "Chunking(0).split(posed_cases)[1]", NODE,
    ),
    Bug(
        "another machine answers unsaid", "history.machine:elsewhere",
        "if not {*lines} - {here.line}:", "if True:", NODE,
    ),
    Bug(
        "a cluster that ends is a search without a find", "cli.fuzz_command:command",
        "code = fuzzed.ended.exit_code", "code = ExitCode.AGREES", "search/test_fuzz.py",
    ),
    Bug(
        "a search goes on without its cluster", "search.fuzzing.fuzz:_Fuzzer",
        "return late or enough or self._ended is not None", "return late or enough",
        "search/test_fuzz.py", "whose_cluster_ends",
    ),
    Bug(
        "the folder of a killed sweep stays", "search.sweeping.sweep:sweep",
        "leftovers.delete(", "list(", "search/test_sweep.py", "folder_of_a_killed",
    ),
)  # fmt: skip
