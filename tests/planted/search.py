"""Bugs of `mutate`, and of the reasons for a gradient."""

from __future__ import annotations

from tests.planted import Bug

MUTATE = "test_mutate.py"
GRADIENTS = "diagnosis/test_gradients.py"

BUGS = (
    Bug(
        "a case that flags the right loss catches its mutants", "search.mutate:_scan",
        "if mutant.made_from not in sound:", "if not sound and False:", f"search/{MUTATE}",
    ),
    Bug(
        "a mutant that raises slips through", "search.mutate:_is_flagged",
        'in ("diverges", "failed")', 'in ("diverges",)', f"search/{MUTATE}",
    ),
    Bug(
        "labels outside the classes are asked", "search.mutate:_scan",
        "if has_labels_outside(problem) or not any", "if not any", f"search/{MUTATE}",
    ),
    Bug(
        "16 bits are held to the bound of 16 bits", "search.mutate:_truth",
        "if narrow else exact", "if False else exact", f"search/{MUTATE}",
    ),
    Bug(
        "the largest case is asked first", "search.mutate:_scan", "key=lambda posed: posed",
        "key=lambda posed: -posed", f"search/{MUTATE}",
    ),
    Bug(
        "what one case lacks is said of all", "search.mutate:_needs",
        "if not any(NEEDS[n](problem) for problem in problems)",
        "if not all(NEEDS[n](problem) for problem in problems)", f"search/{MUTATE}",
    ),
    Bug(
        "nothing asked is success", "cli.mutate_command:_exit_code",
        "if not mutation.asked or not mutation.fates:", "if not mutation.fates:", f"cli/{MUTATE}",
    ),
    Bug(
        "one entry of a gradient is enough for a reason", "diagnosis.gradients:_supported",
        " and np.count_nonzero(differing) > 1", "", GRADIENTS,
    ),
    Bug(
        "a reason that gives some entries is claimed", "diagnosis.gradients:_supported",
        "fits(candidate).all()", "fits(candidate).any()", GRADIENTS,
    ),
)  # fmt: skip
