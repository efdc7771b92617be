"""Kept programs: what JAX compiles, in files that later processes read."""

from __future__ import annotations

from pathlib import Path


def jax_options(cache: Path) -> dict[str, str | float]:
    """JAX's options under which it keeps every compiled program in the folder `cache`. JAX reads
    each from the environment too, in capitals, when it is imported."""
    return {
        "jax_compilation_cache_dir": str(cache / "jax"),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
