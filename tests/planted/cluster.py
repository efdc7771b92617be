"""Bugs of what a cluster is asked, that need none to be seen."""

from __future__ import annotations

from tests.planted import Bug

NODE = "running/test_node.py"
CLUSTER = "running/test_cluster.py"
CHUNK = "running/test_chunk_task.py"

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
        "a chunk is judged under another tolerance there", "running.chunk_task:_case",
        'if tolerance is not None else "auto"', 'if tolerance is None else "auto"', CHUNK,
    ),
    Bug(
        "a chunk is held to parts that nobody asked for", "running.chunk_task:_case",
        '"check": judging["check"],', "", CHUNK,
    ),
    Bug(
        "the gradients by parameters of a chunk are not asked for there",
        "running.chunk_task:_case",
        "getattr(chunk, parameter)", "None", CHUNK,
    ),
    Bug(
        "a chunk that is answered late is joined late", "in_chunks:_InChunks._chunks_there",
        "self._take(self._places[turn], exact.pop(turn))",
        "self._take(self._places[turn], exact.pop(max(exact)))", CHUNK,
    ),
    Bug(
        "what a journal has of a chunk is sent again", "in_chunks:_InChunks._chunks_there",
        "for job, finding in known.items() if finding is None", "for job in known", CHUNK,
    ),
    Bug(
        "who failed is asked further chunks by a cluster", "in_chunks:_InChunks._chunks_there",
        "jobs = open_jobs()", "jobs = jobs if number else open_jobs()", CHUNK,
    ),
    Bug(
        "a scheduler holds a file of any length", "running.cluster_pool:ClusterPool._has_room",
        " and size < _CHUNKS_AT_ONCE", "", CHUNK,
    ),
    Bug(
        "a large weight goes to a cluster with every chunk", "chunking:require_small_wholes",
        "> _SENT", "> 1000 * _SENT", CHUNK,
    ),
    Bug(
        "another machine answers unsaid", "history.machine:elsewhere",
        "if not {*lines} - {here.line}:", "if True:", NODE,
    ),
    Bug(
        "what a lost scheduler was asked is not sent again", "running.cluster:Cluster._go_on",
        "{task: self._sent(task) for task in self._flying}", "{}", CLUSTER,
    ),
    Bug(
        "a late word of a lost scheduler is an answer", "running.cluster:Cluster.next_result",
        "if self._flying.get(task) is not future:", "if task not in self._flying:", CLUSTER,
    ),
    Bug(
        "what is forgotten is sent again", "running.cluster:Cluster.forget",
        "self._flying.pop(task, None)", "self._flying.get(task)", CLUSTER,
    ),
    Bug(
        "a task that ends its scheduler is sent forever", "running.cluster:Cluster._go_on",
        "if self._losses > _LOSSES:", "if self._losses > 30:", CLUSTER,
    ),
    Bug(
        "a worker that dies as it is asked ends the run", "running.cluster:Cluster.require",
        "if isinstance(there, CommClosedError):", "if False:", CLUSTER,
    ),
    Bug(
        "an answer does not count", "running.cluster:Cluster.next_result",
        "self._losses = 0", "pass", CLUSTER,
    ),
    Bug(
        "a full disk of a worker is the end of the scheduler", "running.cluster:Cluster._result_of",
        'if future.status != "error":', "if True:", CLUSTER,
    ),
    Bug(
        "a sweep goes on with what another processor computed",
        "search.sweeping.sweep:_Machines.require",
        "if one.whole != here.whole:", "if False:", "search/test_sweep.py", "another_processor",
    ),
    Bug(
        "a machine whose answers are kept is not told", "search.sweeping.sweep:_Machines",
        'self.kept = [Machine(**e["machine"]) for e in journal.entries if "machine" in e]',
        "self.kept = []", "search/test_sweep.py", "every_kind_of_machine",
    ),
    Bug(
        "a sweep whose report is not written is gone", "cli.sweep_command:command",
        "return not errors", "return True", "cli/test_sweep.py", "written_later",
    ),
    Bug(
        "a search finds at its end that it cannot write", "cli.fuzz_command:command",
        "_require_folder(out)", "pass", "cli/test_fuzz.py", "before_the_search",
    ),
    Bug(
        "a signal at the start ends in a traceback", "cli:main",
        "    try:\n        obey_signals()\n", "    obey_signals()\n    try:\n",
        "cli/test_ending.py", "at_the_start",
    ),
    Bug(
        "a run goes on with what another processor answered", "run_journal:Heading.change_to",
        "if self.machine != other.machine:", "if False:", "history/test_run_journal.py",
        "what_differs",
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
