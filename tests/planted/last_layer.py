"""Bugs of the last layer: hidden, weight and bias in place of logits."""

from __future__ import annotations

from tests.planted import Bug

LAYER, OWN, GIVEN = "test_last_layer.py", "test_own_layer.py", "test_layer_gradients.py"

BUGS = (
    Bug(
        "the bias is left out", "balls_layer:exact_logits", "x + b for", "x for", LAYER, "mpmath",
    ),
    Bug(
        "the bias is added twice", "balls_layer:exact_logits", "x + b for", "x + b + b for",
        LAYER, "equals_the_logits",
    ),
    Bug(
        "a masked class stays", "balls_layer:exact_logits", "-math.inf if m else", "", LAYER,
        "takes_the_class_out",
    ),
    Bug(
        "the first sample's gradient is that of the weight", "balls_layer:ThroughLayer.add",
        "self._weight += ", "self._weight = ", LAYER, "in_parts",
    ),
    Bug(
        "a sample without a derivative counts 0 in the weight's", "balls_layer:ThroughLayer.add",
        "self._is_defined &= not any(undefined)", "pass", LAYER, "leaves_none",
    ),
    Bug(
        "the product rounds nothing", "bounds_layer:logits_with_errors",
        "errors = multiplied(features) *", "errors = 0.0 *", LAYER, "its_formula",
    ),
    Bug(
        "rounding to 16 bits is left out", "bounds_layer:logits_with_errors",
        "if _is_short(dtype):", "if False:", LAYER, "its_formula",
    ),
    Bug(
        "a probability of 0 stays 0", "bounds_scores:moved",
        "np.exp(np.minimum(log_p + change, 1.0)) - p", "p * np.expm1(np.minimum(change, 700.0))",
        LAYER, "vanishes",
    ),
    Bug(
        "parts count their own samples alone", "bounds_in_parts:bounds_in_parts",
        "by_parameters.get(name, 0.0) + entries", "entries", LAYER, "in_parts",
    ),
    Bug(
        "the errors of logits in float64 are left out", "float64:_enclosed",
        "problem.logit_scale * errors +", "0 * errors +", LAYER, "in_float64_are_within",
    ),
    Bug(
        "a gradient of the weight that is not given goes unsaid", "casefile.case:CaseFields.asked",
        "if self.has(p)]", "if False]", GIVEN, "is_said",
    ),
    Bug(
        "what is stated of the weight's gradient is held against nothing",
        "results.comparison:compare", "if name in stated_parts and not", "if name == 0 and not",
        GIVEN, "held_against",
    ),
    Bug(
        "a wrong gradient of the bias is not seen", "results.comparison:Comparison.by_reference",
        "return parts | dict(self.by_parameters)", "return parts", GIVEN, "a_wrong_gradient",
    ),
    Bug(
        "weight is the classes' beside hidden", "own.signature:_options",
        'synonyms = _MATRIX if names_matrix or not hidden else ("weight",)', "synonyms = _MATRIX",
        OWN, "by_the_names",
    ),
    Bug(
        "the gradient by the weight goes over the wire as none", "wire:encode_evaluation",
        "for name, part in evaluation.by_parameters.items()", "for name, part in ()",
        "test_wire.py", "answer_arrives",
    ),
)  # fmt: skip
