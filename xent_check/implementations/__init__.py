"""The one table of implementations. Their modules are loaded only in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """A row of the table.

    environment: the framework whose worker process it lives in.
    needs: modules that must be importable. distribution: whose version is reported.
    extra: what `pip install 'xent-check[...]'` adds it.
    """

    module: str
    environment: str
    needs: tuple[str, ...]
    distribution: str
    extra: str = ""
    modes: tuple[str, ...] = ()
    about: str = field(default="", compare=False)


IMPLEMENTATIONS: dict[str, Entry] = {
    "keras": Entry(
        "keras", "tensorflow", ("tensorflow", "keras"), "keras", "tensorflow", ("xla",),
        "tf.keras.losses",
    ),
    "tf": Entry(
        "tensorflow", "tensorflow", ("tensorflow",), "tensorflow", "tensorflow", ("xla", "graph"),
        "tf.nn",
    ),
    "torch": Entry("torch", "torch", ("torch",), "torch", "torch", (), "torch.nn.functional"),
    "jax": Entry("jax", "jax", ("jax",), "jax", "jax", ("eager",), "jax.nn, as its users write it"),
    "optax": Entry("optax", "jax", ("jax", "optax"), "optax", "jax", ("eager",), "optax"),
    "manual": Entry("manual", "numpy", ("numpy",), "numpy", "", (), "the textbook formula, NumPy"),
    "stable": Entry("stable", "numpy", ("numpy",), "numpy", "", (), "shifted log-sum-exp, NumPy"),
}  # fmt: skip
CUSTOM = Entry("custom", "custom", ("numpy",), "numpy", "", (), "the user's own function")
DEVICES = ("cpu", "cuda")
