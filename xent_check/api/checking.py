"""A loss held against the exact value, in the caller's own process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from xent_check.casefile.case_keywords import CaseKeywords
from xent_check.casefile.chosen_cases import (
    SELECTING,
    chosen_cases,
    conformance_cases,
    require_words,
    words_of,
)
from xent_check.casefile.declared import declaration_of, project_implementations
from xent_check.casefile.in_memory import cases_in_memory
from xent_check.casefile.loading import Loaded
from xent_check.diagnosis.diagnosis import Explanation
from xent_check.errors import InvalidError, UserError, and_more
from xent_check.history.saved.write import plain_report
from xent_check.implementations.names import declaring
from xent_check.implementations.own.asking import user_loss
from xent_check.implementations.own.guess import passed_with
from xent_check.implementations.table import DEVICES, FRAMEWORKS
from xent_check.problem.vocabulary import GIVEN
from xent_check.reporters.alarms import alarms_of
from xent_check.reporters.formats import Terminal
from xent_check.reporters.formats.table import render
from xent_check.reporters.outcome import summary
from xent_check.reporters.remarks import unanswered
from xent_check.reporters.sentences import details, sentence
from xent_check.results.report import CaseResult, Status, Verdict
from xent_check.results.report import Report as _Report
from xent_check.running import in_process

from .notebook import WIDTH, as_html
from .refusing import refuse

_MOST = 5  # divergences that an AssertionError shows


class Result:
    """A loss's answer to one case, held against the exact value."""

    def __init__(self, result: CaseResult) -> None:
        self._result = result

    @property
    def case(self) -> str:
        """The id of the case: `corpus:forum/binary.yaml::name`, or `arrays::NAME`."""
        return self._result.case.id

    @property
    def implementation(self) -> str:
        """The name of the loss."""
        return self._result.implementation

    @property
    def status(self) -> Status:
        """agrees, known, diverges, failed, unsupported or missing."""
        return self._result.status

    @property
    def reason(self) -> str | None:
        """Why the status is what it is, where there is more to say."""
        return self._result.reason

    @property
    def sentence(self) -> str:
        """The result in one sentence: how many samples are off, the worst, and why."""
        return sentence(self._result)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """Of a divergence, the hypotheses that reproduce its numbers, then what further checks
        found."""
        diagnosis = self._result.diagnosis
        return () if diagnosis is None else diagnosis.reasons

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.sentence, details(self._result)]))

    def __repr__(self) -> str:
        return f"<Result: {self.sentence}>"


class Report:
    """What a loss did with each case. `print` shows it as `xent-check run` does."""

    def __init__(self, report: _Report) -> None:
        self._report = report

    @property
    def verdict(self) -> Verdict:
        """agrees, diverges, failed, or nothing compared."""
        return self._report.verdict

    @property
    def results(self) -> tuple[Result, ...]:
        """One for each case, in their order; of a case that states the exact value, one for the
        reference before it."""
        return tuple(map(Result, self._report.results))

    def to_dict(self) -> dict[str, Any]:
        """What `xent-check run --report json` writes: JSON's values alone."""
        return plain_report(self._report)

    def __str__(self) -> str:
        return render(self._report, Terminal(width=WIDTH))

    def __repr__(self) -> str:
        return f"<Report: {summary(self._report)}>"

    def _repr_html_(self) -> str:
        return as_html(render(self._report, Terminal(width=WIDTH, color=True)))


def check(
    loss_function: Callable[..., Any],
    /,
    *,
    cases: str | Sequence[str] | None = None,
    dtypes: str | Sequence[str] | None = None,
    level: str = "quick",
    framework: str = "",
    device: str = "",
    returns: str | Sequence[str] | None = None,
    compute: str | None = None,
    map: Mapping[str, str] | None = None,
    set: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    **case: Unpack[CaseKeywords],
) -> Report:
    """Hold a loss against the exact value, in this process, and report it; whatever it raises.

    loss_function: a function, a class of losses, or an instance of one. It is called as a user's
    function of `xent-check run -i` is: by the names of its arguments, with the options of a case.

    What it is asked is either `cases`, paths as of `xent-check run` (of which `loss` and `dtypes`
    select, up to the `level` quick, full or huge), or one problem by the keys of a case file, as of
    `explain`; `dtypes` makes it one for each. `tolerance="auto"` is what rounding explains.

    framework: numpy, torch, jax or tensorflow, whose arrays the loss gets. Left out: that of the
    scores, where they are a tensor; where they are NumPy's, that of the loss's annotations and of
    what it is, else NumPy; where they are none, its imports count too. device: cpu or cuda, where
    the arrays are; left out, where the scores are.

    What is said of the loss is not found out. returns: losses, mean, weighted_mean, sum, or
    ["losses", "gradient"]. compute: the dtype, float32 or float64, in which it promises to compute
    what has 16 bits. map: what its parameters are, `{"y": "labels", "w": "class_weight"}`. set:
    what parameters get in every call, `{"chunk": 64}`. fixed: options that it has built in; cases
    that set them otherwise are unsupported.

    TypeError for an unknown or missing keyword; ValueError for wrong shapes, values, case files.
    """
    said = {"returns": returns, "compute": compute, "map": map, "set": set, "fixed": fixed}
    who = "check"
    return Report(_checked(who, loss_function, cases, dtypes, level, framework, device, said, case))


def assert_agrees(
    loss_function: Callable[..., Any],
    /,
    *,
    cases: str | Sequence[str] | None = None,
    dtypes: str | Sequence[str] | None = None,
    level: str = "quick",
    framework: str = "",
    device: str = "",
    returns: str | Sequence[str] | None = None,
    compute: str | None = None,
    map: Mapping[str, str] | None = None,
    set: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    **case: Unpack[CaseKeywords],
) -> None:
    """AssertionError, in the report's words, unless a loss agrees with the exact value.

    The arguments are those of `check`. With arrays, all that is asked for has to be compared, and
    a tolerance that would accept a wrong answer is a warning; of cases, one at least has to be
    compared for each of the dtypes. With `loss` and `dtypes` alone, they are corpus:conformance's.
    """
    said = {"returns": returns, "compute": compute, "map": map, "set": set, "fixed": fixed}
    who = "assert_agrees"
    report = _checked(who, loss_function, cases, dtypes, level, framework, device, said, case)
    with np.errstate(**in_process.NUMPYS):
        alarms = [alarm.result for alarm in alarms_of(report)]
    wrong = [str(Result(result)) for result in alarms if result is not None]
    if len(wrong) > _MOST:
        wrong[_MOST:] = [and_more(len(wrong) - _MOST)]
    arrays = any(case.get(key) is not None for key in GIVEN)
    if arrays:
        wrong += _uncompared(report)
    else:
        wrong += unanswered(report) or _uncompared_dtypes(report, words_of(dtypes))
    if not wrong and not report.compared_implementations:
        wrong = [*dict.fromkeys(result.reason or "" for result in report.results)]
    if wrong:
        raise AssertionError("\n\n".join([*wrong, summary(report)]))
    for result in report.results:
        if result.vacuous and arrays:
            warnings.warn(f"{result.case.id}: {result.vacuous}", stacklevel=2)


def _uncompared(report: _Report) -> Iterator[str]:
    """What was asked for and not compared."""
    for result in report.results:
        if result.status in ("unsupported", "missing"):
            yield sentence(result)
        elif result.comparison is not None:
            who = f"{result.implementation} on {result.case.id}"
            for name, reason in result.comparison.gaps.items():
                if name != "losses":  # a loss may give a total alone, which was compared
                    yield f"{who}: {name} not compared: {reason}"


def _uncompared_dtypes(report: _Report, dtypes: Sequence[str]) -> list[str]:
    """For each of the dtypes that nothing was compared in, the reasons."""
    texts = []
    for dtype in dtypes:
        results = [r for r in report.results if r.problem and r.problem.dtype == dtype]
        if not any(result.comparison for result in results):
            reasons = dict.fromkeys(result.reason or "" for result in results)
            texts.append(f"nothing was compared in {dtype}: {'; '.join(reasons)}")
    return texts


def _checked(
    who: str,
    target: Callable[..., Any],
    cases: str | Sequence[str] | None,
    dtypes: str | Sequence[str] | None,
    level: str,
    framework: str,
    device: str,
    said: Mapping[str, Any],
    case: CaseKeywords,
) -> _Report:
    if not callable(target):
        raise TypeError(f"{who}(): the loss is a {type(target).__name__}; allowed: a callable")
    stated = [key for key, value in case.items() if value is not None]
    if dtypes is not None and not (dtypes := words_of(dtypes)):
        raise ValueError(
            f"{who}(): dtypes: there is none; leave it out for the dtype of the arrays"
        )
    try:
        require_words("framework", words_of(framework or None), (*FRAMEWORKS,))
        require_words("device", words_of(device or None), DEVICES)
        declared = declaration_of(said, in_process=True)
        if cases is None and who == "assert_agrees" and not {*stated} - {*SELECTING}:
            loaded = conformance_cases(case.get("loss"), dtypes, level)
        elif cases is None:
            loaded = Loaded(tuple(cases_in_memory(case, dtypes)), ())
        else:
            with declaring(project_implementations(Path.cwd())):
                loaded = chosen_cases(cases, dtypes, case, level)
    except InvalidError as error:
        refuse(who, error)
    except UserError as error:
        raise ValueError(f"{who}(): {error}") from None
    scores = next((case[key] for key in GIVEN if case.get(key) is not None), None)
    passed = passed_with(scores, target)
    try:
        loss = user_loss(
            target, _name(target), framework or passed[0], device or passed[1], declared
        )
    except (ValueError, ImportError) as error:
        raise ValueError(f"{who}(): {error}") from None
    return in_process.check(loss, loaded.posed_cases, scores is not None, loaded.left_out)


def _name(target: Callable[..., Any]) -> str:
    """What the loss is called: the function's name, or the class of an instance."""
    plain = getattr(target, "func", target)  # of a partial application
    return str(getattr(plain, "__name__", type(plain).__name__))
