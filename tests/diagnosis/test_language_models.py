"""The reasons that losses of sequences have: which labels the scores meet, and what the sum is
divided by. The numbers are printed by torch and transformers."""

from __future__ import annotations

import pytest

from tests.observed import Known, diagnosed, known, place


@pytest.mark.parametrize("item", known("language_models.yaml"), ids=lambda item: item.name)
def test_the_true_reason_comes_first(item: Known) -> None:
    assert place(item, diagnosed(item)) == 0


def said(text: str) -> str:
    """The sentence for the printed number."""
    (item,) = (one for one in known("language_models.yaml") if one.text == text)
    return diagnosed(item).explanations[0].sentence


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("2.3671", "each position meets the next one's label: the labels are shifted once too "
         "often; the position left over is dropped"),
        ("3.41499", "each position meets its own label: the labels are not shifted; every position "
         "counts"),
        ("1.8381423950195312", "each position meets the label 2 places on: the labels are shifted "
         "twice; the position left over is dropped"),
        ("1.9636951684951782", "each position meets the label 2 places on: the labels are shifted "
         "twice; the last one of a row meets the first label of the next, that of all is dropped"),
        ("1.7753313779830933", "the sum is divided by 8, not by the 6: by the labels before the "
         "shift"),
        ("5.0996360778808594", "the sum of the means of 2 micro-batches"),
    ],
)  # fmt: skip
def test_a_total_alone_says_where_the_labels_went(number: str, sentence: str) -> None:
    assert said(number) == sentence
