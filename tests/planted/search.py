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
        "no_bug_can_be_asked",
    ),
    Bug(
        "the reason is that of one case", "common_reason:common_reason",
        "return kind, -count, sum(places[reason])", "return kind, 0, sum(places[reason])",
        "results/test_common_reason.py", "precision",
    ),
    Bug(
        "a precision is as good as a reason", "common_reason:common_reason",
        "1 if is_vague or count == 1 else 0", "0", "results/test_common_reason.py", "precision",
    ),
    Bug(
        "a departure is the reason of numbers", "common_reason:common_reason",
        "2 if not ids.isdisjoint(MEANINGS) else 1", "1", "results/test_common_reason.py", "check",
    ),
    Bug(
        "memory ends with zeros", "laid_out:in_memory_order", "np.nan)", "0.0)",
        "search/test_mutants.py", "cotangent",
    ),
    Bug(
        "a layout is forgotten", "diagnosis.losses:meaning_of", "stated.layout if", "None if",
        "test_order_in_memory.py", "order_of_their_memory",
    ),
    Bug(
        "labels that all leave the classes tell of an offset", "hypotheses.labels:label_offset",
        "if not (m.kept &", "if False and not (m.kept &", "diagnosis/test_candidates.py",
        "all_leave",
    ),
    Bug(
        "gradients of 16 bits are held to 16 bits", "attached_diagnosis:_diverging_gradients",
        "comparison.bounds if of is None else None", "None", f"search/{MUTATE}", "sum_of_exps",
    ),
    Bug(
        "a changed gradient is held to 16 bits", "gradient_candidates:seen_gradient",
        "own if bounds is None else replace(own, bounds=bounds)", "own", GRADIENTS, "promised",
    ),
    Bug(
        "one entry of a gradient is enough for a reason", "diagnosis.gradients:_supported",
        " and np.count_nonzero(differing) > 1", "", GRADIENTS,
    ),
    Bug(
        "a reason that gives some entries is claimed", "diagnosis.gradients:_supported",
        "fits(candidate).all()", "fits(candidate).any()", GRADIENTS,
    ),
    Bug(
        "nan is declared where inf is", "fuzzing.declared:_is_one_of",
        "if kinds <= _union(one", "if kinds & _union(one", "search/test_declared.py",
        "where_both_are",
    ),
    Bug(
        "one of several reasons makes them known", "fuzzing.declared:_is_one_of",
        "{one.explanation for one in each} == reasons and ", "", "search/test_declared.py",
        "where_each_is",
    ),
    Bug(
        "several reasons are known with any numbers", "fuzzing.declared:_is_one_of",
        " and kinds <= _union(each)", "", "search/test_declared.py", "where_each_is",
    ),
    Bug(
        "what is declared of one is known of all", "fuzzing.declared:_alike",
        "if one.implementation == key.implementation\n", "if True\n", "search/test_declared.py",
    ),
    Bug(
        "a declared common offset is not looked for first",
        "stated_reasons:given_by",
        "if NOT_SHIFT_SAFE in names:", "if False:", "search/test_declared.py",
        "common_offset",
    ),
    Bug(
        "any numbers are those of several reasons", "stated_reasons:given_by",
        "for one in good]", "for one in made]",
        "search/test_declared.py", "two_declared",
    ),
    Bug(
        "what nothing explains is known", "fuzzing.declared:declared_keys",
        "(key for key in keys if key.explanation != UNEXPLAINED)", "keys",
        "search/test_declared.py", "makes_none_known",
    ),
    Bug(
        "a find has one reason alone", "fuzzing.find:_reasons",
        "return reasons or", "return reasons[:1] or", "search/test_declared.py",
        "any_reason",
    ),
    Bug(
        "any loss is given beside one that is lost", "stated_reasons:_beside_lost",
        "agrees = (evidence.agreeing(one) | lost).all()", "agrees = True",
        "search/test_declared.py", "lost_for_one",
    ),
    Bug(
        "any last digits are a stated reason's", "stated_reasons:_to_the_last_digit",
        "(distance(values, one.numbers) <= near).all()", "True", "search/test_declared.py",
        "last_digits",
    ),
    Bug(
        "what is declared is known by another reason of its numbers",
        "fuzzing.declared:_all_keys", "keys[0] if stated is None else", "keys[0] if True else",
        "search/test_declared.py", "reason_that_its_case",
    ),
    Bug(
        "a stated reason gives some entries of a gradient", "stated_reasons:gradient_given_by",
        "one in made if seen.fits(one).all()]", "one in made if seen.fits(one).any()]",
        "diagnosis/test_overflows.py", "is_known or beside_what_is_lost",
    ),
    Bug(
        "whatever is lost of a gradient has overflowed", "stated_reasons:gradient_given_by",
        "and any(one is not None for one in overflows)", "", "diagnosis/test_overflows.py",
        "beside_what_is_lost",
    ),
    Bug(
        "a declared clip is anywhere", "fuzzing.declared:_alike",
        "(not one.constants or key.constants <= one.constants)", "True",
        "search/test_declared.py", "epsilon_alone",
    ),
    Bug(
        "what is lost alone is of no two reasons", "stated_reasons:given_by",
        "good = [*good, *poor]", "pass", "search/test_declared.py", "two_declared_reasons_are",
    ),
)  # fmt: skip
