"""Reports that fill a page: of every status, and of many divergences."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from xent_check.results.change import Change, GateResult, Variants
from xent_check.results.report import Report

from .reports import (
    IMPLEMENTATIONS,
    NAN,
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)

MANY = 40  # cases of the larger report


@cache
def large_report() -> Report:
    """Every status and every section, more cases than fit on a screen."""
    of = every_status()
    slope = difference([[0.0, 1.0]] * 40, [[0.0, 0.0]] * 40)
    many = np.linspace(0.1, 3.0, 40)
    more = [
        result(
            case("many-samples"),
            "torch",
            "diverges",
            comparison=compared(difference(many + 1e-3, many), gradient=slope),
        ),
        result(
            case("some-are-nan"),
            "jax",
            "diverges",
            comparison=compared(difference([NAN, 0.0, 4.0], [0.5, 0.0, 1e9])),
        ),
    ]
    for i in range(MANY):
        of_one = case(f"a-case-with-a-rather-long-name-{i}", file=f"cases/group{i // 8}.yaml")
        more += [agreeing(of_one, name) for name in IMPLEMENTATIONS[1 + i % 3 :]]
    shares = np.geomspace(1e-3, 50, len(of.results) + len(more))
    results = [
        r if r.comparison is None else replace(r, comparison=replace(r.comparison, share=share))
        for r, share in zip([*of.results, *more], shares.tolist(), strict=True)
    ]
    drift = Change("cases/demo.yaml::everyday", "torch", "drifted", "torch drifted", ulps=2.0)
    new = Change("cases/demo.yaml::x", "torch", "new", "torch diverges on cases/demo.yaml::x")
    return replace(
        report(results),
        warnings=of.warnings,
        gate=GateResult("base.json", 7, (drift, new), (new,), ("new",), ("torch was 2.0",)),
        variants=(Variants("torch[old]", "torch", (drift,)),),
    )


@cache
def red_report() -> Report:
    """63 divergences on as many cases in 14 columns, each a change that fails."""
    names = (*IMPLEMENTATIONS, *(f"a-rather-long-name-{i}" for i in range(4)))
    numbers = compared(difference([0.5, 0.25, 5.0], [0.5, 0.25, 4.0]))
    close = replace(compared(difference([0.5, 1.0, 2.0], [0.5, 1.0, 2.0])), share=0.5)
    results = []
    for i in range(63):
        of = case(f"a-case-with-a-name-{i}", file=f"cases/group{i // 8}.yaml")
        answering = names if i == 0 else IMPLEMENTATIONS  # the further columns are narrow
        results += [result(of, name, "agrees", comparison=close) for name in answering[1:]]
        results[-1 - i % 3] = replace(results[-1 - i % 3], status="diverges", comparison=numbers)
    changes = [
        Change(r.case.id, r.implementation, "new", "torch diverges", "agrees", "diverges", 3.0)
        for r in results
        if r.status == "diverges"
    ]
    gate = GateResult("base.json", 7, tuple(changes), tuple(changes), ("new",))
    return replace(report(results, names=names), gate=gate)
