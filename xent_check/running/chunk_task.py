"""Chunk task: a chunk of a case, asked and judged as a whole by a worker of a cluster.

Its arrays go there once, whoever is asked, and what comes back is what `in_chunks` keeps of a
chunk: gradients stay there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Any

from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import PosedCase
from xent_check.history.plain_values import from_plain, to_plain
from xent_check.implementations.names import Implementation, of_plain
from xent_check.problem.rows import Place
from xent_check.problem.tolerance import Tolerance
from xent_check.problem.vocabulary import PARAMETER_PARTS
from xent_check.reference.truth import truth
from xent_check.results.joining import finding_of
from xent_check.workers.pool import Pool, worker_name
from xent_check.workers.wire import decode_problem, encode_problem, forget, inline_bytes

from .jobs import Job, encode_case
from .judging import judged
from .node import Plain


@dataclass(frozen=True, eq=False)
class ChunkTask:
    """A chunk, and what is asked of it."""

    number: int
    """its place among the chunks of the case"""
    posed: PosedCase
    """the case of its rows"""
    place: Place
    """where these are in the whole"""
    implementations: Sequence[Implementation]
    """who are asked; the exact losses are, whoever is"""
    strict: bool
    """as of `judge`"""

    @cached_property
    def plain(self) -> tuple[Plain, Any, Sequence[Plain], Plain]:
        """The arguments of `findings_of`, but for the timeout."""
        tolerance, fields = self.posed.case.fields.tolerance, self.posed.case.fields
        judging = {
            "tolerance": list(astuple(tolerance)) if isinstance(tolerance, Tolerance) else None,
            "check": list(fields.option_value("check")),
            "strict": self.strict,
        }
        problem = encode_problem(self.posed.problem, None)
        return problem, to_plain(self.place), [i.plain for i in self.implementations], judging

    @property
    def size(self) -> float:
        """The bytes of its arrays."""
        return inline_bytes(self.plain[0])


def findings_of(
    pool: Pool[Job], problem: Plain, place: Any, asked: Sequence[Plain], judging: Plain,
    timeout: float,
) -> Mapping[str, Any]:  # fmt: skip
    """In a Dask worker: the exact losses of a chunk, what the answers to it show, by
    implementation, and what was found out of the user's own."""
    chunk = _case(problem, judging)
    posed, message = encode_case(chunk, pool.folder.name)
    jobs = [Job(posed, of_plain(one), message, is_chunk=True) for one in asked]
    pool.submit([(job.implementation, job, job.request) for job in jobs], timeout)
    exact, findings, introductions = truth(posed.problem), dict[str, Any](), dict[str, Plain]()
    for job, evaluation in pool.answers():
        introduction = pool.introduction_of(job.implementation)
        result = judged(job, evaluation, exact, judging["strict"], introduction)
        findings[job.implementation.name] = to_plain(finding_of(from_plain(place), result))
        introductions[worker_name(job.implementation)] = dict(introduction)
    forget(message)
    return {
        "exact": to_plain(exact.reference.losses),
        "findings": findings,
        "introductions": introductions,
    }


def _case(problem: Plain, judging: Plain) -> PosedCase:
    """A case that stands for that of a chunk, in all that judging looks at: it has no file here."""
    chunk, tolerance = decode_problem(problem), judging["tolerance"]
    stand_in = case_in_memory({"loss": "binary", "logits": [0.0], "labels": [1.0]})
    fields = stand_in.case.fields.model_copy(
        update={
            "tolerance": Tolerance(*tolerance) if tolerance is not None else "auto",
            "check": judging["check"],
            **{parameter: getattr(chunk, parameter) for parameter in PARAMETER_PARTS},
        }
    )
    return replace(stand_in, case=replace(stand_in.case, fields=fields)).with_problem(chunk)
