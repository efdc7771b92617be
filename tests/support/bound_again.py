"""The bounds of losses and gradient entries, written out a second time: one number after another,
in mpmath, from the formulas of bounds_classes.py, bounds_binary.py and bounds_scores.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp, mpf

from xent_check.problem.problem import Problem

Number = Any
KE, KL = 4, 5  # the largest measured errors of exp and log, rounded up
ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
FLUSHED = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-24, "bfloat16": 2.0**-126}


def added(n: int, dtype: str) -> Number:
    """h(n): one after another in float64, and of 1,024 numbers at most in float32, else in eight
    lanes; numbers of 16 bits at most 16 in eight lanes, and all of them in float32, of which 2^13
    or 2^16 roundings are one of float16 or bfloat16."""
    each = mpf(max(n - 1, 0))
    h = each if dtype == "float64" or n <= 1024 else max(mpf(1023), mpf(n) / 8 + 5)
    finer = {"float16": 2**13, "bfloat16": 2**16}.get(dtype)
    return h if finer is None else min(each, 7 + h / finer)


def up(x: Number) -> Number:
    return max(abs(x), mpf(1))


def over(top: Number, bottom: Number) -> Number:
    return mpf(0) if top == 0 or bottom == 0 else top / bottom


def scored(problem: Problem, x: Number) -> tuple[Number, Number, Number, Number]:
    """The score of a logit that is not +inf; its error, its slope, and the slope's error in u."""
    s, cap, dtype = problem.logit_scale, problem.softcap, problem.dtype
    if s == 1 and cap is None:
        return x, mpf(0), mpf(1), mpf(0)
    # Of 0.7, 0.0625, 3, 5 and 30, the numbers of the random problems, float64 alone has 0.7.
    roundings = mpf({1.0: 0, 0.7: 1 if dtype == "float64" else 2}.get(s, 1))
    score, slope, of_slope = x * mpf(s), mpf(s), 2 * mpf(s)
    if cap is not None:
        kt = 1 if dtype in ("float16", "bfloat16") else 7
        score = cap * mp.tanh(score / cap)
        slope = mpf(0) if mp.isinf(x) else mpf(s) * mp.sech(x * mpf(s) / cap) ** 2
        roundings, of_slope = roundings + 2 + kt, mpf(s) * (2 * kt + 8)
    error = mpf(0) if mp.isinf(score) else roundings * ROUNDOFF[dtype] * abs(score)
    return score, error, slope, of_slope


def bounds_again(problem: Problem, exact: Any) -> tuple[list[Number], list[Number]]:
    """The bound of each loss and of each entry of the gradient, row-major. exact: the losses."""
    problem = problem.aligned
    with mp.workdps(40):
        if problem.loss == "binary":
            pairs = [_element(problem, i, mpf(float(exact[i]))) for i in range(problem.values.size)]
            return [p[0] for p in pairs], [p[1] for p in pairs]
        axis = problem.class_axis % problem.values.ndim
        places = np.moveaxis(np.arange(problem.values.size).reshape(problem.values.shape), axis, -1)
        rows = places.reshape(-1, problem.num_classes)
        losses, entries = [], [mpf(0)] * problem.values.size
        for i, where in enumerate(rows):
            loss, gradient = _row(problem, i, where, mpf(float(exact[i])))
            losses.append(loss)
            for place, entry in zip(where, gradient, strict=True):
                entries[place] = entry
        return losses, entries


def _at(array: Any, i: int) -> Number:
    return mpf(1) if array is None else mpf(float(np.asarray(array).reshape(-1)[i]))


def _row(problem: Problem, i: int, where: Any, loss: Number) -> tuple[Number, list[Number]]:
    u, f, n = mpf(ROUNDOFF[problem.dtype]), mpf(FLUSHED[problem.dtype]), problem.num_classes
    if not problem.kept.reshape(-1)[i]:
        return f, [f] * n
    x = [mpf(float(v)) for v in problem.values.reshape(-1)[where].astype(np.float64)]
    if problem.loss == "categorical":
        t = [mpf(float(v)) for v in problem.labels.reshape(-1)[where].astype(np.float64)]
    else:
        t = [mpf(int(j == problem.labels.reshape(-1)[i])) for j in range(n)]
    e, s = mpf(problem.label_smoothing), abs(_at(problem.sample_weight, i))
    cot = abs(_at(problem.cotangent, i))
    t = [tj * (1 - e) + e / n for tj in t] if e else t
    w = [abs(_at(problem.class_weight, j)) for j in range(n)]
    c = [abs(t[j]) * w[j] * s for j in range(n)]
    signs = {mp.sign(t[j] * _at(problem.class_weight, j)) for j in range(n)}
    both = {1, -1} <= signs  # then nothing is known of the difference of absolute values
    live = [up(t[j]) * up(w[j]) * up(s) if t[j] != 0 else mpf(0) for j in range(n)]
    total = sum(c)
    weights = (problem.class_weight, problem.sample_weight, problem.pos_weight)
    made = (3 if e else 0) + sum(one is not None for one in weights)
    k = made + added(n, problem.dtype) if sum(cj != 0 for cj in c) > 1 else mpf(0)
    cotangent = int(problem.cotangent is not None)
    if problem.given == "logits":
        made_of = [scored(problem, v) for v in x]
        x, errors = [m[0] for m in made_of], [m[1] for m in made_of]
        top = max(x)
        gap = [mpf(0) if v == -mp.inf else top - v for v in x]
        exps = [mpf(0) if v == -mp.inf else mp.exp(v - top) for v in x]
        log_sum, p = mp.log(sum(exps)), [one / sum(exps) for one in exps]
        entropy = sum(p[j] * gap[j] for j in range(n))
        size = sum(c[j] * (gap[j] + log_sum) for j in range(n))
        units = sum(c[j] * gap[j] for j in range(n))
        units += total * (entropy + KE + added(n, problem.dtype) + KL * log_sum) + (1 + k) * size
        mean = sum(p[j] * errors[j] for j in range(n))
        moved = [min(mpf(1), p[j] * mp.expm1(errors[j] + mean)) for j in range(n)]
        apart = [total * p[j] + c[j] if both else abs(total * p[j] - c[j]) for j in range(n)]
        for j in range(n):
            units += (apart[j] + total * moved[j]) * errors[j] / u
        z, lse = mpf(problem.z_loss) * s, abs(top + log_sum)
        off = u * (lse + entropy + KE + added(n, problem.dtype) + KL * log_sum)
        off += sum((p[j] + moved[j]) * errors[j] for j in range(n))
        units += z * ((2 * lse + off) * off + 4 * u * lse**2) / u
        lost = sum(5 * live[j] * up(gap[j] + log_sum) + n * live[j] for j in range(n))
        entries = []
        for j in range(n):
            relative = (
                2 * gap[j] + entropy + added(n, problem.dtype) + (1 + KL) * log_sum + 2 * KE + 4 + k
            )
            entry = total * p[j] * relative + apart[j] + (2 + made + cotangent) * c[j]
            entry *= u
            entry += 2 * z * (u * lse * p[j] * (relative + 4) + p[j] * off * (1 + lse))
            slope, of_slope = made_of[j][2:]
            if of_slope:
                entry = (entry + moved[j] * (total + 2 * z * (lse + off))) * slope
                size = u * (apart[j] + 2 * z * lse * p[j])
                entry += size * (of_slope + 6 * slope)
            flushed = 5 * (live[j] + sum(live))
            flushed += up(2 * z * lse) if problem.z_loss else 0
            entries.append(cot * entry + f * up(cot) * flushed * up(slope) + f)
        return u * (units + 2 * abs(loss)) + f * lost + f, entries
    if problem.given == "log_probs":
        x = [mpf(0) if v == -mp.inf else v for v in x]
        units = (1 + k) * sum(c[j] * abs(x[j]) for j in range(n))
        lost = 5 * sum(live[j] * up(x[j]) for j in range(n))
        entries = [
            cot * u * (2 + made + cotangent) * c[j] + f * up(cot) * 5 * live[j] + f
            for j in range(n)
        ]
        return u * (units + 2 * abs(loss)) + f * lost + f, entries
    logs = [abs(mp.log(v)) if v > 0 else mpf(0) for v in x]
    units = KL * sum(c[j] * logs[j] for j in range(n)) + total * (
        KE + KL + added(n, problem.dtype) + 2
    )
    units += (1 + k) * sum(c[j] * logs[j] for j in range(n))
    bound = u * (units + 2 * abs(loss))
    if problem.normalize is None:
        bound += total * abs(mp.log(sum(x)))
    bound += f * 5 * sum(live[j] * up(logs[j]) for j in range(n)) + f
    entries = []
    for j in range(n):
        entry = u * (4 + made + cotangent) * over(c[j], x[j])
        lost = live[j] + over(live[j], min(x[j], mpf(1)))
        if problem.normalize:
            relative = 4 + added(n, problem.dtype)
            if problem.loss == "sparse_categorical":
                mean = sum(x[i] * logs[i] for i in range(n)) / sum(x)
                relative = (KL + 2) * (logs[j] + mean) + (1 + KL) * abs(mp.log(sum(x)))
                relative += added(n, problem.dtype) + 2 * KE + 8
            entry += u * relative * total / sum(x)
            lost += sum(live) / sum(x) + over(sum(live), x[j])
        entries.append(cot * entry + f * up(cot) * 5 * lost + f)
    return bound, entries


def _element(problem: Problem, i: int, loss: Number) -> tuple[Number, Number]:
    u, f = mpf(ROUNDOFF[problem.dtype]), mpf(FLUSHED[problem.dtype])
    x, e = _at(problem.values.astype(np.float64), i), mpf(problem.label_smoothing)
    t = _at(problem.labels.astype(np.float64), i)
    t = t * (1 - e) + e / 2 if e else t
    s, cot = abs(_at(problem.sample_weight, i)), abs(_at(problem.cotangent, i))
    w = mpf(1)
    if problem.pos_weight is not None:
        w = abs(_at(np.broadcast_to(problem.pos_weight, problem.values.shape), i))
    a, b, r = abs(t) * s, abs(t) * w * s, abs(1 - t) * s
    live_b = mpf(0) if t == 0 else up(t) * up(w) * up(s)
    live_r = mpf(0) if t == 1 else up(1 - t) * up(s)
    soft = int(t not in (0, 1))
    products = (problem.pos_weight, problem.sample_weight, problem.class_weight)
    made = (3 if e else 0) + sum(one is not None for one in products)
    roundings = soft + made + int(problem.cotangent is not None)
    error, slope, of_slope = mpf(0), mpf(1), mpf(0)
    if problem.given == "logits":
        x, error, slope, of_slope = scored(problem, x)
        tail, small = mp.log1p(mp.exp(-abs(x))), mp.exp(-abs(x))
        on_one, on_zero = tail + max(-x, mpf(0)), tail + max(x, mpf(0))
        p, q = 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))
        units = (b + r) * (abs(x) + (KE + 1) * small + (KL + 1) * tail)
        units += soft * (2 * (b + r) * abs(x) + b * on_one + r * on_zero)
        units += 3 * (b * on_one + a * on_zero) if e else 0
        units += 4 * (b + r) * on_one if problem.pos_weight is not None and b != 0 else 0
        exponent = abs(x) + (KL + 3) * tail + (KE + 1) * small + KE + 2
        entry = (r * p + b * q) * (exponent + roundings) + (b + r) * p * (KE + 6) + 2 * b
        entry += 3 * (a + b) if e else 0
        entry += 4 * (b + r) if problem.pos_weight is not None else 0
        if of_slope:
            units += (b + r) * error / u
            entry = (entry + (b + r) * p * q * mp.exp(error) * error / u) * slope
            entry += (r * p + b * q) * (of_slope + 6 * slope)
        lost, entry_lost = live_b * up(on_one) + live_r * up(on_zero), live_b + live_r
    else:
        p = x if problem.given == "probs" else mp.exp(x)
        rest = 1 - p if problem.given == "probs" else -mp.expm1(x)
        log_p = x if problem.given == "log_probs" else mp.log(p) if p > 0 else mpf(0)
        log_q = mpf(0) if rest <= 0 else mp.log1p(-p) if p < 0.5 else mp.log(rest)
        log_p, log_q = abs(log_p), abs(log_q)
        units = (KL + 1 + soft + made) * (b * log_p + r * log_q)
        units += 3 * (b * log_p + a * log_q) if e else 0
        lost = live_b * up(log_p) + live_r * up(log_q)
        if problem.given == "probs":
            units += r
            entry = (4 + roundings) * over(b, p) + (5 + roundings) * over(r, rest)
            entry += 3 * (over(b, p) + over(a, rest)) if e else 0
            entry_lost = over(live_b, p) + over(live_r, rest)
        else:
            units += (KE + 1) * over(r * p, rest)
            entry = (2 + roundings) * b + over(r * p, rest) * (KE + 3 + roundings)
            entry += (KE + 1) * over(over(r * p, rest) * p, rest)
            entry += 3 * (b + over(a * p, rest)) if e else 0
            entry_lost = live_b + live_r + over(live_r * p, rest)
    bound = u * (units + 2 * abs(loss)) + f * 5 * lost + f
    return bound, cot * u * entry + f * 5 * up(cot) * entry_lost * up(slope) + f
