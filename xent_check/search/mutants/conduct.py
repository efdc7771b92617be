"""Mutants whose numbers are right, once: what they do beside them is not."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from xent_check.problem.evaluation import Computed

from .kernel import Array
from .softmax import Softmax


class LogitsOverwritten(Softmax):
    """The gradient is written where the logits of the caller are."""

    source = "unslothai/unsloth/issues/5002"
    reasons = ("input-overwritten",)
    needs = ("check: inputs",)

    def answer(self) -> Computed:
        answer = super().answer()
        with np.errstate(all="ignore"):
            self.problem.values[...] = self.returned(self.gradient())
        return answer


class SumInAnyOrder(Softmax):
    """Exps are added up in another order at each call: the last bits differ."""

    source = "pytorch/pytorch/issues/17350"
    reasons = ("not-repeatable",)
    needs = ("check: repeatable",)

    @cached_property
    def normaliser(self) -> tuple[Array, Array]:
        m = self.x.max(axis=1, initial=-np.inf)
        order = np.random.default_rng().permutation(self.n)
        return m, np.cumsum(np.exp(self.x - m[:, None])[:, order], axis=1)[:, -1]
