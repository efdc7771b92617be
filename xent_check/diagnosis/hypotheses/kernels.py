"""Bugs of kernels: what a softmax that is computed tile by tile of the classes gets wrong.

They are tried on losses alone, where nothing more usual gives them: of a total, one number, too
many of them come near. Tiles are powers of two; a tile that gives the same numbers as a smaller
one is not told apart from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from xent_check.problem.vocabulary import DType

from ..log_probabilities import scores_of
from ..meaning import Meaning
from ..normalisers import (
    Dropped,
    FirstTileMaximum,
    FixedMaximum,
    GapCut,
    MaskedTile,
    NarrowSum,
    NoMaximum,
    Normaliser,
    NotRescaled,
    Padded,
    Reread,
    RescaledBackwards,
    StoredSum,
    Times,
    computed_in,
)
from ..sigmoids import NothingTakenOff, RoundedComplement, WrongMaximumTakenOff
from .scores import Parameters, Variation, Variations
from .table import Hypothesis

TILES = tuple(2**k for k in range(1, 17))
_SUMMED = (32, 64, 128, 256, 512, 1024)  # tiles of a sum in a narrow dtype
_RANKS = (2, 4, 8)  # that share the classes
_TILES_AT_MOST = 512  # of a row, where they are gone through one after another
_TIMES = (2, 4, 8, 16, 32, 64, 3)
_FLOORS = (0.0, -64.0)
_CUTS = (
    *(64.0, 20.0, 10.0, 30.0, 50.0, 16.0, 8.0, 32.0, 5.0, 4.0, 12.0, 15.0, 25.0, 40.0, 60.0),
    *(80.0, 87.0, 88.0, 100.0),
)
_MASKS = (-1e4, -1e9, -65504.0, -1e30, -1e5, -1e6, -1e8, -1e10, -100.0, -1000.0, -50.0, -1e20)


def _kernel(changes: Callable[[Meaning], Iterator[tuple[Normaliser, Parameters]]]) -> Variations:
    """The changes of a softmax that is right otherwise."""

    def changed(m: Meaning) -> Iterator[Variation]:
        plain = m.activation == "softmax" and m.activated == 1 and m.formula == "exact"
        if plain and m.normaliser is None and m.scores.size and not m.binary:
            for normaliser, parameters in changes(m):
                yield replace(m, normaliser=normaliser), parameters

    return changed


def _unshifted(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    dtype = computed_in(m.dtype)
    yield NoMaximum(dtype), {"dtype": dtype}


def _maximum_cut(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    dtype, most = computed_in(m.dtype), scores_of(m).max(axis=1)
    for floor in _FLOORS:
        if (most < floor).any():
            yield FixedMaximum(floor, dtype), {"which": f"at least {floor:g}"}
    if len(most) > 1:
        yield FixedMaximum(None, dtype), {"which": "that of the whole batch"}
    for tile in _below(m, TILES):
        yield (
            FirstTileMaximum(tile, dtype),
            {"which": f"that of the first {tile:,} classes", "tile": tile},
        )


def _gap_cut(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    x = scores_of(m)
    with np.errstate(invalid="ignore"):
        gaps = x.max(axis=1, keepdims=True) - x
    widest = np.max(gaps, initial=0.0, where=~np.isnan(gaps))
    for cut in _CUTS:
        if widest > cut:
            yield GapCut(cut, True), {"cut": cut, "how": "are left out of the sum"}
            yield GapCut(cut, False), {"cut": cut, "how": "count in the sum as at the cut"}


def _own_gap_cut(m: Meaning) -> Iterator[Variation]:
    """The label's gap is cut too: the scores themselves are at least the maximum less the cut."""
    for changed, parameters in _kernel(_gap_cut)(m):
        if isinstance(changed.normaliser, GapCut) and not changed.normaliser.dropped:
            x = scores_of(m)
            cut = np.maximum(x, x.max(axis=1, keepdims=True) - changed.normaliser.cut)
            own = replace(m, scores=cut, logit_scale=1.0, softcap=None)
            yield own, {**parameters, "how": "count as at the cut, the label's too"}
        yield changed, parameters


def _tile_padding(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    for tile, columns in _padding(m).items():
        yield Padded(columns), {"tile": tile, "columns": columns}


def _tail_read_twice(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    n = m.scores.shape[1]
    for tile in TILES:
        last, columns = n - n % tile, -n % tile
        if not columns:
            continue
        again = {"tile": tile, "columns": columns}
        yield Reread(last, columns, True), {**again, "which": "its first class, repeated"}
        if tile < n:
            yield Reread(n - tile, columns, False), {**again, "which": "the classes before it"}


def _tail_dropped(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    n = m.scores.shape[1]
    kept = dict.fromkeys(n - n % tile for tile in TILES)
    kept |= dict.fromkeys(tile for tile in reversed(TILES) if tile >= 16)
    for classes in kept:
        if 0 < classes < n:
            tile = next(t for t in reversed(TILES) if classes % t == 0 or t == 2)
            yield Dropped(classes), {"classes": classes, "of": n, "tile": tile}


def _classes_counted_twice(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    for times in _TIMES:
        yield Times(times), {"times": times}


def _tiles_not_rescaled(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    n = m.scores.shape[1]
    shards = dict.fromkeys(-(-n // ranks) for ranks in _RANKS)
    for tile in dict.fromkeys([*_below(m, TILES), *(s for s in shards if 0 < s < n)]):
        own = {"tile": tile, "how": "are added though each has its own maximum taken off"}
        yield NotRescaled(tile, True), own
        yield NotRescaled(tile, False), own
        if n <= _TILES_AT_MOST * tile:
            backwards = RescaledBackwards(tile, computed_in(m.dtype))
            how = "are scaled by exp(new - old), not exp(old - new), where the maximum grows"
            yield backwards, {"tile": tile, "how": how}


def _accumulator_dtype(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    n, dtype = m.scores.shape[1], computed_in(m.dtype)
    own: tuple[DType, ...] = ("bfloat16", "float16")
    if m.dtype in own:
        own = (m.dtype, *(other for other in own if other != m.dtype))
    for narrow in (*own, *(("float32",) if dtype == "float64" else ())):
        for tile in (n, *(t for t in _below(m, _SUMMED) if n <= _TILES_AT_MOST * t)):
            yield NarrowSum(tile, narrow, dtype), {"dtype": narrow, "tile": tile}


def _stored_sum(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    narrow: tuple[DType, ...] = ("float16", "bfloat16")
    for dtype in sorted(narrow, key=lambda own: own != m.dtype):
        yield StoredSum(dtype), {"dtype": dtype}


def _binary_exps(m: Meaning) -> Iterator[Variation]:
    if not _is_plain_sigmoid(m):
        return
    dtype = computed_in(m.dtype)
    nothing = {"dtype": dtype, "what": "nothing is taken off before exp"}
    yield replace(m, sigmoid_logs=NothingTakenOff(dtype, False)), nothing
    if m.pos_weight is not None:
        own = {**nothing, "what": "nothing is taken off before exp in the term of pos_weight"}
        yield replace(m, sigmoid_logs=NothingTakenOff(dtype, True)), own
    wrong = {"dtype": dtype, "what": "max(z, 0) is taken off before exp for max(-z, 0)"}
    yield replace(m, sigmoid_logs=WrongMaximumTakenOff(dtype)), wrong


def _rounded_complement(m: Meaning) -> Iterator[Variation]:
    if _is_plain_sigmoid(m):
        dtype = computed_in(m.dtype)
        rounded_once = replace(m, sigmoid_logs=RoundedComplement(dtype))
        yield rounded_once, {"dtype": dtype}
        yield replace(rounded_once, zero_times_inf=True), {"dtype": dtype}


def _is_plain_sigmoid(m: Meaning) -> bool:
    plain = m.activation == "sigmoid" and m.activated == 1 and m.formula == "exact"
    return plain and m.binary and bool(m.scores.size) and m.sigmoid_logs is None


def _label_in_padding(m: Meaning) -> Iterator[Variation]:
    """A label that is not in the last tile has the index of its padding there."""
    if m.binary or m.activation != "softmax" or (m.labels is None and m.targets is None):
        return
    n = m.scores.shape[1]
    begins = {n - n % tile: tile for tile in reversed(_below(m, TILES)) if n % tile}
    for last, tile in begins.items():
        if m.labels is not None:
            yield replace(m, lost=m.labels < last), {"tile": tile}
        elif m.targets is not None:
            yield replace(m, lost=(m.targets[:, last:] == 0).all(axis=1)), {"tile": tile}


def _masked_tile(m: Meaning) -> Iterator[tuple[Normaliser, Parameters]]:
    if not np.isneginf(m.scores).any():
        return
    for first in (True, False):
        for tile in reversed(_below(m, TILES)):
            yield MaskedTile(tile, first), {"tile": tile}


def _mask_finite(m: Meaning) -> Iterator[Variation]:
    masked = np.isneginf(m.scores)
    if m.activation != "softmax" or not masked.any():
        return
    largest = float(np.finfo(np.float64 if m.dtype == "float64" else np.float32).max)
    for value in dict.fromkeys([-largest, *_MASKS]):
        yield replace(m, scores=np.where(masked, value, m.scores)), {"value": value}


def _below(m: Meaning, tiles: tuple[int, ...]) -> list[int]:
    """Those that are smaller than the row."""
    return [tile for tile in tiles if tile < m.scores.shape[1]]


def _padding(m: Meaning) -> dict[int, int]:
    """The columns that are missing in the last tile, by tile; the smallest tile of each count."""
    found: dict[int, int] = {}
    for tile in TILES:
        columns = -m.scores.shape[1] % tile
        if columns and columns not in found.values():
            found[tile] = columns
    return found


KERNEL_HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis("mask-finite", "losses", "{value:g} stands for a mask of -inf", _mask_finite),
    Hypothesis("classes-counted-twice", "losses",
               "every class counts {times} times in the sum of exps",
               _kernel(_classes_counted_twice)),
    Hypothesis("tile-padding-counts", "losses",
               "{columns:,} columns that pad the last tile of {tile:,} classes count as logits "
               "of 0", _kernel(_tile_padding)),
    Hypothesis("tail-dropped", "losses",
               "only the first {classes:,} of {of:,} classes are in the sum of exps",
               _kernel(_tail_dropped)),
    Hypothesis("tail-read-twice", "losses",
               "the last tile of {tile:,} classes is filled up with {which}, which "
               "{columns:,} times count again", _kernel(_tail_read_twice)),
    Hypothesis("unshifted-exp", "losses",
               "the log of a sum of exps from which no maximum is taken off, and which overflows "
               "in {dtype}", _kernel(_unshifted), breaks=True),
    Hypothesis("maximum-cut", "losses",
               "the maximum that is taken off before exp is {which}, where exps overflow or "
               "become 0", _kernel(_maximum_cut), breaks=True),
    Hypothesis("tiles-not-rescaled", "losses", "sums of {tile:,} classes each {how}",
               _kernel(_tiles_not_rescaled)),
    Hypothesis("gap-cut", "losses", "classes more than {cut:g} below the maximum {how}",
               _own_gap_cut),
    Hypothesis("masked-tile-nan", "losses",
               "a tile of {tile:,} classes that are all masked gives nan",
               _kernel(_masked_tile), breaks=True),
    Hypothesis("accumulator-dtype", "losses",
               "the exps are added up in {dtype}, one after another, {tile:,} classes at a time",
               _kernel(_accumulator_dtype)),
    Hypothesis("accumulator-dtype", "losses", "the sum of exps is stored in {dtype}",
               _kernel(_stored_sum)),
    Hypothesis("unshifted-exp", "losses", "{what}, which overflows in {dtype}", _binary_exps,
               breaks=True),
    Hypothesis("log-of-probability", "losses",
               "1 - p is made of a p that was rounded to {dtype}", _rounded_complement,
               breaks=True),
    Hypothesis("label-in-padding", "losses",
               "a label that is not in the last tile of {tile:,} classes meets the padding of that "
               "tile, -inf, and the loss is inf", _label_in_padding),
)  # fmt: skip
"""By place: the likelier first."""
