"""Expectation: what a source published for an implementation, or what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .dtypes import Float64s
from .vocabulary import PARAMETER_PARTS, DepartureId, DType, Parameter, Reduction

REFERENCE = "reference"


@dataclass(frozen=True, eq=False)
class Published:
    """Numbers as their source printed them."""

    values: Float64s  # the numbers, in the shape that they were printed in
    units: Float64s  # one unit of each number's last printed digit; 0 where it is exact


@dataclass(frozen=True, eq=False)
class Expectation:
    """One entry of `expect`. With `because` it is a known divergence."""

    losses: Published | None  # of the samples; None where it states none
    totals: Mapping[Reduction, Published]  # by reduction
    gradient: Published | None  # of the values' shape; None where it states none
    error: str | None  # text that the raised message must contain
    because: str | None  # the reason of a known divergence
    versions: str | None  # a PEP 440 specifier of the framework's versions; None: all
    hypothesis: str | None = None  # the id of the one of the diagnosis that `because` names
    conduct: tuple[DepartureId, ...] = ()  # what its further checks are known to find
    compute: DType | None = None  # in which it computes what is of a wider dtype
    # Of the shape of each parameter of a last layer, as far as it states one.
    by_parameters: Mapping[Parameter, Published] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Published]:
        """The stated numbers, by the part of an answer: losses, a gradient or a reduction."""
        arrays = {"losses": self.losses, "gradient": self.gradient}
        stated = {name: numbers for name, numbers in arrays.items() if numbers is not None}
        stated |= {str(r): total for r, total in self.totals.items()}
        return stated | {PARAMETER_PARTS[p]: numbers for p, numbers in self.by_parameters.items()}

    def applies_to(self, version: str) -> bool:
        """Whether the entry holds for this version of the framework."""
        if self.versions is None:
            return True
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(self.versions).contains(version, prereleases=True)


Expectations = Mapping[str, tuple[Expectation, ...]]
