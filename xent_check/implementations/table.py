"""The one table of implementations. Their modules are loaded only in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xent_check.errors import OtherWords
from xent_check.problem.vocabulary import DType, Given, Loss

from . import support
from .support import Support

DEVICES = ("cpu", "cuda")
_CPU = ("cpu",)  # of those that have no other device, or are asked on no other


# Set in every process, as a user's function may import any framework: TensorFlow logs only errors,
# ONNX Runtime reports nothing to its maker (microsoft/onnxruntime#27379: it does unless told), and
# no framework takes a GPU that the user did not ask for.
_NO_REPORTS = ("ORT_DISABLE_TELEMETRY", "1")
_QUIET = dict([("TF_CPP_MIN_LOG_LEVEL", "3"), _NO_REPORTS])
# Several processes compute at once: a thread of OpenMP that has nothing to do sleeps, in place of
# keeping a core busy that another process needs. On two cores with others at work, PyTorch's
# cross_entropy of a few rows took 5 ms of them, and takes 0.1 ms. As many threads compute.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
# Variables with which a user chooses other code, and so other last bits.
CHOOSING_CODE = (
    "XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY",
    "NPY_DISABLE_CPU_FEATURES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "MKL_CBWR",
)  # fmt: skip
_NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


@dataclass(frozen=True)
class ScriptFrame:
    """The parts of a standalone script that depend on the implementation."""

    imports: tuple[str, ...] = ()  # lines
    versions: tuple[str, ...] = ()  # the modules whose versions it prints
    host: str = ""  # the framework of its tensors, compiler and autodiff; empty: NumPy
    mode: str | None = None  # of every script; None: the implementation's mode


_JAX = ("import jax", "import jax.numpy as jnp")
_ONNX = ("import onnx", "import onnx.parser", "import onnxruntime")
_BY_HAND = ScriptFrame()


@dataclass(frozen=True)
class Entry:
    """A row of the table."""

    module: str  # its file in adapters/
    environment: str  # the framework whose worker process it shares
    needs: tuple[str, ...]  # modules that must be importable
    distribution: str  # the one whose version is reported
    supports: Support = field(compare=False)  # the options that it takes, by loss and input
    about: str  # the API that it calls
    extra: str = ""  # the extra of `pip install 'xent-check[...]'` that installs it
    modes: tuple[str, ...] = ()  # the keys of MODES that it has
    variables: tuple[tuple[str, str], ...] = ()  # environment variables of its process
    default: bool = True  # it runs where neither the case nor the user names implementations
    devices: tuple[str, ...] = DEVICES  # where it can run
    # The dtypes of 16 bits whose losses it computes in float32 and rounds once, on the CPU and
    # without a mode; with all others it rounds intermediate results to the dtype.
    in_float32: Mapping[tuple[Loss, Given], tuple[DType, ...]] = field(
        default_factory=dict, compare=False
    )
    script: ScriptFrame | None = None  # None: no script can show its answer
    start: int = 4  # place in the order of starting processes: the slowest to import first
    other_words: tuple[str, ...] = ()  # what users write for it

    def environment_variables(self, device: str) -> dict[str, str]:
        """The environment variables that its process sets, on the device."""
        gpu = _NO_GPU if device == "cpu" else {}
        return {**_QUIET, **_PATIENT, **dict(self.variables), **gpu}


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
        other_words=("tf.keras", "tensorflow.keras", "keras.losses", "tf.keras.losses"),
    ),
    "tf": Entry(
        "tensorflow", "tensorflow", ("tensorflow",), "tensorflow", support.TF,
        "tf.nn", "tensorflow", ("xla", "graph"), in_float32=_TF_IN_FLOAT32,
        script=ScriptFrame(("import tensorflow as tf",), ("tf",), "tensorflow"), start=0,
        other_words=("tensorflow", "tf.nn", "tensorflow.nn"),
    ),
    "torch": Entry(
        "torch", "torch", ("torch",), "torch", support.TORCH,
        "torch.nn.functional", "torch", ("compile", "linear", "linear-chunked"),
        script=ScriptFrame(("import torch",), ("torch",), "torch"), start=1,
        other_words=("pytorch", "torch.nn", "torch.nn.functional"),
    ),
    "jax": Entry(
        "jax", "jax", ("jax",), "jax", support.JAX,
        "jax.nn, as its users write it", "jax", ("eager", "x32"),
        script=ScriptFrame(_JAX, ("jax",), "jax"), start=2,
        other_words=("jax.nn", "jax.numpy", "jnp"),
    ),
    "optax": Entry(
        "optax", "optax", ("jax", "optax"), "optax", support.OPTAX,
        "optax", "jax", ("eager", "x32"),
        script=ScriptFrame((*_JAX, "import optax"), ("jax", "optax"), "jax"), start=3,
    ),
    "manual": Entry(
        "manual", "numpy", ("numpy",), "numpy", support.EVERYTHING, "the textbook formula, NumPy",
        devices=_CPU, script=_BY_HAND, other_words=("numpy", "np", "naive", "by_hand"),
    ),
    "stable": Entry(
        "stable", "numpy", ("numpy",), "numpy", support.FROM_LOGITS, "shifted log-sum-exp, NumPy",
        devices=_CPU, script=_BY_HAND, other_words=("numpy", "np", "logsumexp"),
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
    "onnx": Entry(
        "onnx", "onnx", ("onnx", "onnxruntime"), "onnxruntime", support.ONNX,
        "SoftmaxCrossEntropyLoss of ONNX", "onnx",
        variables=(_NO_REPORTS,), default=False, devices=_CPU,
        script=ScriptFrame(_ONNX, ("onnx", "onnxruntime"), "numpy"),
        other_words=("onnxruntime", "ort"),
    ),
    "sklearn": Entry(
        "sklearn", "sklearn", ("sklearn",), "scikit-learn", support.SKLEARN,
        "sklearn.metrics.log_loss", "sklearn", default=False, devices=_CPU,
        script=ScriptFrame(("import sklearn.metrics",), ("sklearn",), "numpy"),
        other_words=("scikit-learn", "sklearn.metrics", "log_loss"),
    ),
    "mlx": Entry(
        "mlx", "mlx", ("mlx",), "mlx", support.MLX,
        "mlx.nn.losses, on the CPU", "mlx", default=False, devices=_CPU,
        script=ScriptFrame(("import mlx.core as mx", "import mlx.nn"), ("mx",), "mlx"),
        other_words=("mlx.nn", "mlx.core"),
    ),
    "paddle": Entry(
        "paddle", "paddle", ("paddle",), "paddlepaddle", support.PADDLE,
        "paddle.nn.functional", "paddle", default=False, devices=_CPU,
        script=ScriptFrame(("import paddle",), ("paddle",), "paddle"),
        other_words=("paddlepaddle", "paddle.nn.functional"),
    ),
}  # fmt: skip
OTHER_WORDS: OtherWords = tuple(
    (name, entry.other_words) for name, entry in IMPLEMENTATIONS.items()
)
CUSTOM = Entry(
    "user_function",
    "custom",
    ("numpy",),
    "numpy",
    support.BY_NAME,
    "your own function",
)
# Whose arrays a user's own function may take, and the distribution whose version is reported.
FRAMEWORKS = {"numpy": "numpy", "torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}
# The scripts of a user's own function, by whose arrays it takes; nothing compiles it.
OWN_SCRIPTS: Mapping[str, ScriptFrame] = {
    "numpy": ScriptFrame(host="numpy"),
    "torch": ScriptFrame(("import torch",), ("torch",), "torch"),
    "jax": ScriptFrame(_JAX, ("jax",), "jax", mode="eager"),
    "tensorflow": ScriptFrame(("import tensorflow as tf",), ("tf",), "tensorflow"),
}
# Who takes reports about a module that an implementation needs: owners of GitHub repositories.
MAINTAINERS = {
    "keras": ("keras-team",),
    "tensorflow": ("tensorflow",),
    "torch": ("pytorch",),
    "jax": ("jax-ml", "google"),
    "optax": ("google-deepmind", "deepmind"),
    "numpy": ("numpy",),
    "onnx": ("onnx",),
    "onnxruntime": ("microsoft",),
    "sklearn": ("scikit-learn",),
    "mlx": ("ml-explore",),
    "paddle": ("PaddlePaddle",),
}
MODES = {
    "xla": "tf.function(jit_compile=True)",
    "graph": "tf.function",
    "compile": "torch.compile",
    "linear": "torch.nn.functional.linear_cross_entropy, of what is hidden",
    "linear-chunked": "the same with LinearCrossEntropyOptions()",
    "eager": "op by op, without jax.jit",
    "floatx": "without dtype=, in Keras's own float32",
    "x32": "without jax_enable_x64",
}
