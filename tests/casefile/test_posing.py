"""Posing: what the contract means by a case, checked without any framework."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.loaded import mistakes, problem
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.vocabulary import DTYPES, DType

OUTSIDE = "expect: {reference: {mean: .nan}}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_are_rounded_to_the_dtype_first(dtype: DType, tmp_path: Path) -> None:
    text = f"""
        loss: categorical
        logits: [[0.1, 0.2], [0.3, 1.0e+39]]
        labels: [[0.3, 0.7], [0.1, 0.9]]
        class_weight: [0.1, 0.7]
        sample_weight: [0.2, 0.3]
        dtype: {dtype}
    """
    found = problem(text, tmp_path)
    expected = {
        "values": [[0.1, 0.2], [0.3, 1e39]],
        "labels": [[0.3, 0.7], [0.1, 0.9]],
        "class_weight": [0.1, 0.7],
        "sample_weight": [0.2, 0.3],
    }
    for name, numbers in expected.items():
        array = getattr(found, name)
        assert array.dtype == numpy_dtype(dtype), name
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(array, np.array(numbers).astype(numpy_dtype(dtype)))


def test_scalar_options_are_not_rounded(tmp_path: Path) -> None:
    text = """
        loss: sparse_categorical
        logits: [[0.5, 1.5]]
        labels: [0]
        label_smoothing: 0.1
        dtype: bfloat16
    """
    assert problem(text, tmp_path).label_smoothing == 0.1


@pytest.mark.parametrize("dtype", DTYPES)
def test_class_indices_are_never_rounded(dtype: DType, tmp_path: Path) -> None:
    text = f"""
        loss: sparse_categorical
        logits: {{shape: [1, 70001], fill: 0}}
        labels: [70000]
        dtype: {dtype}
    """
    labels = problem(text, tmp_path).labels
    assert (labels.dtype, labels.tolist()) == (np.dtype(np.int64), [70000])


@pytest.mark.parametrize(
    ("text", "values", "labels", "samples"),
    [
        ("{loss: binary, logits: 0.5, labels: 1}", [0.5], [1.0], (1,)),
        ("{loss: binary, logits: 0.5, labels: [1]}", [0.5], [1.0], (1,)),
        ("{loss: binary, logits: [0.5], labels: [1]}", [0.5], [1.0], (1,)),
        ("{loss: sparse_categorical, logits: [1, 2], labels: 1}", [[1, 2]], [1], (1,)),
        ("{loss: sparse_categorical, logits: [1, 2], labels: [1]}", [[1, 2]], [1], (1,)),
        (
            "{loss: sparse_categorical, logits: [1, 2], labels: 1, class_axis: 0}",
            *([[1, 2]], [1], (1,)),
        ),
        ("{loss: categorical, logits: [1, 2], labels: [0, 1]}", [[1, 2]], [[0, 1]], (1,)),
        ("{loss: categorical, logits: [1, 2], labels: [[0, 1]]}", [[1, 2]], [[0, 1]], (1,)),
    ],
)
def test_a_bare_number_or_row_is_one_sample(
    text: str, values: object, labels: object, samples: tuple[int, ...], tmp_path: Path
) -> None:
    found = problem(text, tmp_path)
    assert found.values.tolist() == values
    assert found.labels.tolist() == labels
    assert found.samples_shape == samples


def test_the_weight_of_a_bare_sample_may_be_bare(tmp_path: Path) -> None:
    found = problem("{loss: binary, logits: 0.5, labels: 1, sample_weight: 2}", tmp_path)
    assert found.sample_weight is not None
    assert found.sample_weight.tolist() == [2.0]


@pytest.mark.parametrize(
    ("axis", "samples", "classes"),
    [(-1, (2, 3), 4), (2, (2, 3), 4), (1, (2, 4), 3), (-2, (2, 4), 3), (0, (3, 4), 2)],
)
def test_the_samples_are_everything_but_the_class_axis(
    axis: int, samples: tuple[int, ...], classes: int, tmp_path: Path
) -> None:
    text = f"""
        loss: sparse_categorical
        logits: {{shape: [2, 3, 4], random: normal}}
        labels: {{shape: {list(samples)}, fill: {classes - 1}}}
        class_axis: {axis}
    """
    found = problem(text, tmp_path)
    assert (found.samples_shape, found.num_classes) == (samples, classes)
    text = text.replace(f"fill: {classes - 1}", f"fill: {classes}")
    assert mistakes(text, tmp_path) == [
        f"labels[0][0]: label {classes} (and {np.prod(samples) - 1} more outside)"
    ]


def test_every_element_of_a_binary_case_is_a_sample(tmp_path: Path) -> None:
    text = "{loss: binary, logits: [[1, 2], [3, 4]], labels: [[0, 1], [1, 0]]}"
    assert problem(text, tmp_path).samples_shape == (2, 2)


@pytest.mark.parametrize("shape", [[], [3], [2, 3]])
def test_pos_weight_broadcasts_over_leading_axes(shape: list[int], tmp_path: Path) -> None:
    text = f"""
        loss: binary
        logits: {{shape: [2, 3], fill: 0}}
        labels: {{shape: [2, 3], fill: 1}}
        pos_weight: {{shape: {shape}, fill: 2}}
    """
    weight = problem(text, tmp_path).pos_weight
    assert weight is not None
    assert weight.shape == tuple(shape)


@pytest.mark.parametrize("shape", [[2], [1, 3], [2, 1], [1, 2, 3]])
def test_pos_weight_broadcasts_in_no_other_way(shape: list[int], tmp_path: Path) -> None:
    text = f"""
        loss: binary
        logits: {{shape: [2, 3], fill: 0}}
        labels: {{shape: [2, 3], fill: 1}}
        pos_weight: {{shape: {shape}, fill: 2}}
    """
    assert mistakes(text, tmp_path) == [f"pos_weight: shape {shape}"]


@pytest.mark.parametrize(
    ("labels", "weights"),
    [("{shape: [2, 1], fill: 0}", ""), ("{shape: [2], fill: 0}", "sample_weight: [[1], [1]]")],
)
def test_nothing_else_broadcasts(labels: str, weights: str, tmp_path: Path) -> None:
    text = f"loss: sparse_categorical\nlogits: [[1, 2], [3, 4]]\nlabels: {labels}\n{weights}\n"
    assert mistakes(text, tmp_path) == [f"{weights.split(':')[0] or 'labels'}: shape [2, 1]"]


def test_weights_may_be_negative(tmp_path: Path) -> None:
    text = """
        loss: sparse_categorical
        logits: [[1, 2]]
        labels: [0]
        class_weight: [-1, 0]
        sample_weight: [-2]
    """
    found = problem(text, tmp_path)
    assert found.class_weight is not None
    assert found.class_weight.tolist() == [-1.0, 0.0]


def test_a_total_that_an_expectation_states_is_compared(tmp_path: Path) -> None:
    text = """
        loss: binary
        logits: [0.0]
        labels: [1]
        reduction: sum
        expect:
          reference: {mean: 0.6931472}
          keras: [{sum: 0.6931472, versions: "<3"}, {weighted_mean: 0.6931472}]
    """
    assert set(problem(text, tmp_path).reductions) == {"sum", "mean", "weighted_mean"}


def test_losses_alone_imply_no_reduction(tmp_path: Path) -> None:
    assert problem("{loss: binary, logits: [0.0], labels: [1]}", tmp_path).reductions == ()


@pytest.mark.parametrize("reduction", ["reduction: mean", "expect: {reference: {sum: 0}}"])
def test_an_empty_batch_needs_a_reduction(reduction: str, tmp_path: Path) -> None:
    text = """loss: sparse_categorical
logits: {shape: [0, 3], fill: 0}
labels: {shape: [0], fill: 0}
"""
    assert problem(text + reduction, tmp_path).samples_shape == (0,)
    assert mistakes(text, tmp_path) == ["logits: shape [0, 3]: no samples, and no reduction"]


def test_only_a_written_ignore_index_ignores(tmp_path: Path) -> None:
    text = "loss: sparse_categorical\nlogits: [[1, 2], [1, 2]]\nlabels: [-100, 1]\n"
    assert mistakes(text, tmp_path) == ["labels[0]: label -100"]
    assert problem(text + "ignore_index: -100", tmp_path).kept.tolist() == [False, True]


def test_the_ignored_index_may_be_a_class(tmp_path: Path) -> None:
    text = "{loss: sparse_categorical, logits: [[1, 2], [1, 2]], labels: [0, 1], ignore_index: 1}"
    assert problem(text, tmp_path).kept.tolist() == [True, False]


@pytest.mark.parametrize("ignored", ["255", "-1", "9223372036854775807", "1" + "0" * 30])
def test_any_whole_number_may_be_the_ignored_index(ignored: str, tmp_path: Path) -> None:
    text = f"""
        loss: sparse_categorical
        logits: [[1, 2]]
        labels: [1]
        ignore_index: {ignored}
    """
    assert problem(text, tmp_path).kept.tolist() == [True]


@pytest.mark.parametrize("label", ["-1", "3", "100", "-9223372036854775808"])
def test_a_label_outside_the_classes_is_refused_unless_the_case_expects_something(
    label: str, tmp_path: Path
) -> None:
    text = f"loss: sparse_categorical\nlogits: [[1, 2, 3]]\nlabels: [{label}]\n"
    assert mistakes(text, tmp_path) == [f"labels[0]: label {label}"]
    assert problem(text + OUTSIDE, tmp_path).labels.tolist() == [int(label)]


@pytest.mark.parametrize("label", ["-0.25", "1.5", ".nan", ".inf"])
def test_a_binary_label_outside_0_to_1_is_refused_unless_the_case_expects_something(
    label: str, tmp_path: Path
) -> None:
    text = f"loss: binary\nlogits: [0.5]\nlabels: [{label}]\n"
    assert len(mistakes(text, tmp_path)) == 1
    assert problem(text + OUTSIDE, tmp_path).labels.shape == (1,)


@pytest.mark.parametrize("row", ["[0.5, 0.7]", "[-1, 4]", "[0, 0]"])
def test_soft_labels_are_taken_as_they_are(row: str, tmp_path: Path) -> None:
    text = f"{{loss: categorical, logits: [[1, 2]], labels: [{row}]}}"
    assert problem(text, tmp_path).labels.shape == (1, 2)


@pytest.mark.parametrize(
    "values", ["[[.nan, 0]]", "[[.inf, 0]]", "[[-.inf, 0]]", "[[1e38, -1e38]]"]
)
@pytest.mark.parametrize("given", ["logits", "log_probs"])
def test_logits_and_log_probs_may_be_anything(given: str, values: str, tmp_path: Path) -> None:
    text = f"{{loss: sparse_categorical, {given}: {values}, labels: [0]}}"
    assert problem(text, tmp_path).given == given


@pytest.mark.parametrize(
    ("row", "dtype", "fine"),
    [
        # the sum of the rounded numbers must be within max(1e-6, n u) of 1
        ("[0.5, 0.5000009]", "float64", True),
        ("[0.5, 0.5000011]", "float64", False),
        ("[0.1, 0.2, 0.7]", "float32", True),
        ("[0.25, 0.25, 0.5009765625]", "float16", True),  # 1 + 2^-10, n u = 3 x 2^-11
        ("[0.25, 0.25, 0.501953125]", "float16", False),  # 1 + 2^-9
        ("[0.25, 0.25, 0.5078125]", "bfloat16", True),  # 1 + 2^-7, n u = 3 x 2^-8
        ("[0.25, 0.25, 0.515625]", "bfloat16", False),  # 1 + 2^-6
        ("[0, 1]", "float32", True),
        ("[0, 0]", "float32", False),
        ("[0.75, 0.75, 0.5]", "float32", False),
        ("[.nan, 1]", "float32", True),  # no sum to judge
    ],
)
def test_a_row_must_sum_to_1_or_say_whether_to_normalize(
    row: str, dtype: str, fine: bool, tmp_path: Path
) -> None:
    text = f"loss: sparse_categorical\nprobs: [{row}]\nlabels: [0]\ndtype: {dtype}\n"
    if fine:
        assert problem(text, tmp_path).normalize is None
    else:
        (told,) = mistakes(text, tmp_path)
        assert told.startswith("probs[0]: the row sums to ")
    assert problem(text + "normalize: true", tmp_path).normalize is True
    assert problem(text + "normalize: false", tmp_path).normalize is False


def test_the_second_of_many_rows_that_does_not_sum_to_1_is_found(tmp_path: Path) -> None:
    rows = np.full((500, 1000), 1e-3)
    rows[371, 5] += 2e-6
    np.save(tmp_path / "probs.npy", rows)
    text = """
        loss: sparse_categorical
        probs: {file: probs.npy}
        labels: {shape: [500], fill: 0}
        dtype: float64
    """
    assert mistakes(text, tmp_path) == ["probs[371]: the row sums to 1.000002"]


@pytest.mark.parametrize("normalize", ["true", "false"])
def test_negative_probabilities_are_refused_whatever_normalize_says(
    normalize: str, tmp_path: Path
) -> None:
    text = f"{{loss: categorical, probs: [[1.5, -0.5]], labels: [[1, 0]], normalize: {normalize}}}"
    assert mistakes(text, tmp_path)[0] == "probs[0][1]: probability -0.5"


def test_probabilities_above_1_need_normalize_and_never_fit_binary(tmp_path: Path) -> None:
    text = "loss: sparse_categorical\nprobs: [[2, 6]]\nlabels: [0]\n"
    assert mistakes(text, tmp_path) == ["probs[0][0]: probability 2"]
    assert problem(text + "normalize: true", tmp_path).values.tolist() == [[2.0, 6.0]]
    assert mistakes("{loss: binary, probs: [1.5], labels: [0]}", tmp_path) == [
        "probs[0]: probability 1.5"
    ]


def test_binary_probabilities_need_no_sum(tmp_path: Path) -> None:
    assert problem("{loss: binary, probs: [0.25, 0.5], labels: [0, 1]}", tmp_path).given == "probs"


def test_a_class_axis_of_a_binary_case_is_a_mistake_and_no_crash(tmp_path: Path) -> None:
    text = "{loss: binary, logits: [0.5], labels: [1], class_axis: 2}"
    assert mistakes(text, tmp_path) == ["class_axis: set for the loss binary"]


def test_a_single_number_has_no_classes(tmp_path: Path) -> None:
    text = "{loss: sparse_categorical, logits: 0.5, labels: 0}"
    assert mistakes(text, tmp_path) == ["logits: a single number"]


@pytest.mark.parametrize("given", ["probs: [0.25]", "logits: [0.25]"])
def test_normalize_means_nothing_for_a_binary_case(given: str, tmp_path: Path) -> None:
    text = f"{{loss: binary, {given}, labels: [1], normalize: true}}"
    (mistake,) = mistakes(text, tmp_path)
    assert mistake.startswith("normalize: set for binary from")


@pytest.mark.parametrize("given", ["logits", "log_probs"])
def test_normalize_means_nothing_but_for_probabilities(given: str, tmp_path: Path) -> None:
    text = f"{{loss: categorical, {given}: [[-0.5, -2]], labels: [[0, 1]], normalize: true}}"
    assert mistakes(text, tmp_path) == [f"normalize: set for categorical from {given}"]


def test_an_option_of_another_loss_is_told_once_whatever_its_shape(tmp_path: Path) -> None:
    text = "{loss: categorical, logits: [[0.5, 2]], labels: [[0, 1]], pos_weight: [1, 2, 3]}"
    assert mistakes(text, tmp_path) == ["pos_weight: set for the loss categorical"]
