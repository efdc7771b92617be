"""The mutants in PyTorch by name; their functions are loaded in a worker alone."""

from __future__ import annotations

from ..mutant import Mutant

_BASE = "torch-log-softmax-and-gather"


def _of_torch(
    name: str,
    wrong: str,
    source: str = "",
    reasons: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    base: str = _BASE,
) -> Mutant:
    function = f"torch=xent_check.search.mutants.of_torch.functions:{name}"
    address = f"https://github.com/{source}" if source else ""
    own = f"torch-{name.replace('_', '-')}"
    return Mutant(
        own, wrong, address, reasons, needs, ("sparse_categorical",), "logits",
        base if source else own, function=function,
    )  # fmt: skip


RIGHT_OF_TORCH = (
    _of_torch("log_softmax_and_gather", "torch.log_softmax, and the label's is picked"),
    _of_torch("checkpointed", "Four chunks of rows that backward computes again"),
)
# Asked by the tests alone: its first answer takes a minute.
COMPILED = _of_torch("compiled", "torch.compile of the log-softmax")
MUTANTS_OF_TORCH = (
    _of_torch(
        "log_sum_exp_minus_logit",
        "torch.logsumexp less the label's logit: rounded at the size of the logits",
        "pytorch/pytorch/issues/56340",
        ("not-shift-safe",),
    ),
    _of_torch(
        "in_bfloat16",
        "log_softmax runs in bfloat16, as under autocast",
        "pytorch/xla/pull/7992",
        ("dtype",),
        ("float32 numbers",),
    ),
    _of_torch(
        "where_after_log",
        "torch.where drops the loss of an ignored row of infinities, but not the nan of its "
        "gradient",
        "pytorch/pytorch/issues/31829",
        ("inf-minus-inf",),
        ("infinities in ignored samples", "a gradient to check"),
    ),
    _of_torch(
        "first_grad_output",
        "An autograd.Function whose backward reads the first element of grad_output",
        "ROCm/TransformerEngine/pull/336",
        ("first-cotangent",),
        ("a cotangent",),
    ),
    _of_torch(
        "grad_output_in_order",
        "An autograd.Function whose backward reads grad_output in the order of its memory",
        "ROCm/TransformerEngine/pull/623",
        ("strides-ignored",),
        ("a cotangent that is not contiguous",),
    ),
    _of_torch(
        "gradient_over_logits",
        "An autograd.Function whose forward writes the gradient where the caller's logits are",
        "linkedin/Liger-Kernel/pull/1251",
        ("input-overwritten",),
        ("check: inputs",),
    ),
    _of_torch(
        "gradient_kept_from_forward",
        "An autograd.Function whose forward keeps the gradient of the mean, and whose backward "
        "returns that",
        "linkedin/Liger-Kernel/issues/678",
        ("mean",),
        ("a gradient to check", "more than 1 sample"),
    ),
)
