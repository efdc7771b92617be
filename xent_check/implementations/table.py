"""The one table of implementations. Their modules are loaded only in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xent_check.problem.vocabulary import DType, Given, Loss

from . import support
from .support import Support

DEVICES = ("cpu", "cuda")
_NUMPY = ("cpu",)  # its arrays are nowhere else


# In every process, for a user's function may import any framework: of TensorFlow's log the errors
# alone, and no GPU unless it was asked for.
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
_NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


@dataclass(frozen=True)
class ScriptFrame:
    """What a standalone script of an implementation opens with, and how it goes on.

    imports: its lines. versions: the modules whose versions it prints. host: the framework whose
    tensors, compiler and autodiff it uses; empty for a formula in NumPy. mode: the one that it has,
    whatever was asked for.
    """

    imports: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    host: str = ""
    mode: str | None = None


_JAX = ("import jax", "import jax.numpy as jnp")
_BY_HAND = ScriptFrame()


@dataclass(frozen=True)
class Entry:
    """A row of the table.

    module: its file here. environment: the framework whose worker process it lives in.
    needs: modules that must be importable. distribution: whose version is reported.
    supports: the options its API has. about: what it calls.
    extra: what `pip install 'xent-check[...]'` adds it. variables: its process's environment.
    default: whether it runs where nobody named it. devices: those that can be asked for.
    in_float32: the dtypes of 16 bits whose losses it computes in float32 and rounds once, by loss
    and input, on the CPU and without a mode; in all others it rounds to them on the way.
    script: of a script that shows its answer; None where there is none. start: its turn among the
    processes to be started, the slowest to import first.
    """

    module: str
    environment: str
    needs: tuple[str, ...]
    distribution: str
    supports: Support = field(compare=False)
    about: str
    extra: str = ""
    modes: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    default: bool = True
    devices: tuple[str, ...] = DEVICES
    in_float32: Mapping[tuple[Loss, Given], tuple[DType, ...]] = field(
        default_factory=dict, compare=False
    )
    script: ScriptFrame | None = None
    start: int = 4

    def environment_variables(self, device: str) -> dict[str, str]:
        """What is set in its process, for a device that was asked for."""
        return {**_QUIET, **dict(self.variables), **(_NO_GPU if device == "cpu" else {})}


# softmax_cross_entropy_with_logits computes in float32; its sparse twin does so for float16 alone.
_TF_IN_FLOAT32: Mapping[tuple[Loss, Given], tuple[DType, ...]] = {
    ("categorical", "logits"): ("float16", "bfloat16"),
    ("sparse_categorical", "logits"): ("float16",),
}


IMPLEMENTATIONS: dict[str, Entry] = {
    "keras": Entry(
        "keras", "tensorflow", ("tensorflow", "keras"), "keras", support.KERAS,
        "tf.keras.losses", "tensorflow", ("xla", "graph", "floatx"), in_float32=_TF_IN_FLOAT32,
        script=ScriptFrame(("import tensorflow as tf",), ("tf", "tf.keras"), "tensorflow"), start=0,
    ),
    "tf": Entry(
        "tensorflow", "tensorflow", ("tensorflow",), "tensorflow", support.TF,
        "tf.nn", "tensorflow", ("xla", "graph"), in_float32=_TF_IN_FLOAT32,
        script=ScriptFrame(("import tensorflow as tf",), ("tf",), "tensorflow"), start=0,
    ),
    "torch": Entry(
        "torch", "torch", ("torch",), "torch", support.TORCH,
        "torch.nn.functional", "torch", ("compile",),
        script=ScriptFrame(("import torch",), ("torch",), "torch"), start=1,
    ),
    "jax": Entry(
        "jax", "jax", ("jax",), "jax", support.JAX,
        "jax.nn, as its users write it", "jax", ("eager", "x32"),
        script=ScriptFrame(_JAX, ("jax",), "jax"), start=2,
    ),
    "optax": Entry(
        "optax", "optax", ("jax", "optax"), "optax", support.OPTAX,
        "optax", "jax", ("eager", "x32"),
        script=ScriptFrame((*_JAX, "import optax"), ("jax", "optax"), "jax"), start=3,
    ),
    "manual": Entry(
        "manual", "numpy", ("numpy",), "numpy", support.EVERYTHING, "the textbook formula, NumPy",
        devices=_NUMPY, script=_BY_HAND,
    ),
    "stable": Entry(
        "stable", "numpy", ("numpy",), "numpy", support.FROM_LOGITS, "shifted log-sum-exp, NumPy",
        devices=_NUMPY, script=_BY_HAND,
    ),
    "keras-torch": Entry(
        "keras_torch", "keras-torch", ("keras", "torch"), "keras", support.KERAS,
        "keras.losses on PyTorch", "keras,torch",
        variables=(("KERAS_BACKEND", "torch"),), default=False,
        script=ScriptFrame(("import keras", "import torch"), ("keras", "torch"), "torch"),
    ),
    "keras-jax": Entry(
        "keras_jax", "keras-jax", ("keras", "jax"), "keras", support.KERAS,
        "keras.losses on JAX", "keras,jax",
        variables=(("KERAS_BACKEND", "jax"),), default=False,
        script=ScriptFrame((*_JAX, "import keras"), ("keras", "jax"), "jax", mode="eager"),
    ),
}  # fmt: skip
CUSTOM = Entry(
    "user_function", "custom", ("numpy",), "numpy", support.BY_NAME, "your own function",
    devices=_NUMPY,
)  # fmt: skip
MODES = {
    "xla": "tf.function(jit_compile=True)",
    "graph": "tf.function",
    "compile": "torch.compile",
    "eager": "op by op, without jax.jit",
    "floatx": "without dtype=, in Keras's own float32",
    "x32": "without jax_enable_x64",
}
