"""The lines that users of each framework write around a loss: tensors, compilers, autodiff."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xent_check.implementations.program import GRADIENT, LOSSES, compiled
from xent_check.problem.vocabulary import PARAMETER_PARTS, Parameter

from .layouts import LaidOut, layout_lines

WIDTH = 92  # characters of a line of the script


def variable(part: str) -> str:
    """The name of a part's variable in a script: `total` for `sum`, which is Python's function."""
    return "total" if part == "sum" else part


@dataclass(frozen=True)
class Computation:
    """The computation that a script has to write down in its framework's words."""

    names: Sequence[str]  # the arrays: the script has each as a NumPy array of that name
    given: str  # the one that the gradient is by: "logits", "probs", "log_probs" or "hidden"
    calls: Mapping[str, str]  # the expression of the losses, then of each total, by its part
    gradient: bool  # whether autodiff gives that of sum(losses), or of sum(cotangent * losses)
    dtype: str  # of the case
    mode: str  # of the implementation, one of the table MODES; "" without one
    device: str  # "cpu" or "cuda"
    bfloat16: frozenset[str] = frozenset()  # the arrays that NumPy has as float32, to be rounded
    parameters: Sequence[Parameter] = ()  # of a last layer, by which there are gradients too
    laid_out: Mapping[str, LaidOut] = field(default_factory=dict)  # those that are not contiguous
    own: bool = False  # the user's: what its backward pass leaves out has the gradient 0

    @property
    def main(self) -> str:
        """The part that the gradient is of: the losses, or the total of what gives one alone."""
        return LOSSES if LOSSES in self.calls else next(iter(self.calls))

    @property
    def answer(self) -> str:
        """The variable of that part."""
        return variable(self.main)

    @property
    def parts(self) -> list[str]:
        """The variables of the losses, of the gradient if there is one, and of the totals."""
        others = [variable(part) for part in self.calls if part != self.main]
        return [self.answer, *(self.gradients if self.gradient else []), *others]

    @property
    def by(self) -> list[str]:
        """The arrays that the gradients are by."""
        return [self.given, *self.parameters]

    @property
    def gradients(self) -> list[str]:
        """The variables of the gradients, in the same order."""
        return [GRADIENT, *(PARAMETER_PARTS[p] for p in self.parameters)]

    @property
    def taken(self) -> str:
        """The target of an assignment of all gradients: `(gradient,)` of one alone."""
        return ", ".join(self.gradients) if self.parameters else f"({GRADIENT},)"

    @property
    def totals(self) -> list[str]:
        """The lines that compute the totals."""
        return [line for part in self.calls if part != self.main for line in self.assigned(part)]

    @property
    def cotangent(self) -> str:
        """The variable of the losses' weights in the gradient; "" where each counts once."""
        return "cotangent" if "cotangent" in self.names else ""

    def assigned(self, part: str, compiler: str = "") -> list[str]:
        """The lines of `losses = ...`, or of a total, the call wrapped by the compiler's text."""
        text = compiled(compiler, self.calls[part], self.names)
        name = variable(part)
        return f"{name} = {broken(text, WIDTH - len(name))}".splitlines()

    def function(self, decorator: str, body: list[str]) -> list[str]:
        """The body as the function `run` of the arrays, decorated; it returns the parts."""
        head = [decorator, f"def run({', '.join(self.names)}):"]
        return [*head, *indented([*body, f"return {', '.join(self.parts)}"]), "", ""]

    @property
    def run(self) -> str:
        """The line that calls the function `run`."""
        return f"{', '.join(self.parts)} = run({', '.join(self.names)})"


def tensorflow(computation: Computation) -> list[str]:
    """The lines in TensorFlow: tf.constant, tf.function, tf.GradientTape."""
    tensors = [
        f"{name} = tf.cast(tf.constant({name}), tf.bfloat16)"
        if name in computation.bfloat16
        else f"{name} = tf.constant({name})"
        for name in computation.names
    ]
    body, answer = computation.assigned(computation.main), computation.answer
    if computation.gradient:
        weights = f", output_gradients={computation.cotangent}" if computation.cotangent else ""
        by, taken = computation.given, GRADIENT
        if computation.parameters:
            by, taken = f"[{', '.join(computation.by)}]", computation.taken
        tape = ["with tf.GradientTape() as tape:", f"    tape.watch({by})"]
        weights += ', unconnected_gradients="zero"' * computation.own
        call = broken(f"tape.gradient({answer}, {by}{weights})", WIDTH - len(taken))
        body = [*tape, *indented(body), *f"{taken} = {call}".splitlines()]
    body += computation.totals
    place = f'with tf.device("/{"GPU" if computation.device == "cuda" else "CPU"}:0"):'
    to_numpy = [f"{part} = {part}.numpy().astype(np.float64)" for part in computation.parts]
    if computation.mode not in ("graph", "xla"):
        return [place, *indented([*tensors, *body]), *to_numpy]
    options = "autograph=False" + (", jit_compile=True" if computation.mode == "xla" else "")
    function = computation.function(f"@tf.function({options})", body)
    return [*function, place, *indented([*tensors, computation.run]), *to_numpy]


def torch(computation: Computation) -> list[str]:
    """The lines in PyTorch: torch.tensor, torch.compile, torch.autograd.grad."""
    lines = []
    for name in computation.names:
        to = ".to(torch.bfloat16)" if name in computation.bfloat16 else ""
        to += '.to("cuda")' if computation.device == "cuda" else ""
        lines.append(f"{name} = torch.tensor({name}){to}")
    lines += layout_lines(computation.laid_out, "torch")
    compiler = "torch.compile({})" if computation.mode == "compile" else ""
    losses, values = computation.assigned(computation.main, compiler), computation.given
    if computation.parameters:
        values = f"({', '.join(computation.by)})"
    totals = [p for p in computation.calls if p != computation.main]
    if computation.gradient:
        answer = computation.answer
        weights = computation.cotangent or f"torch.ones_like({answer})"
        weights += ", materialize_grads=True" * computation.own
        call = f"torch.autograd.grad({answer}, {values}, {weights})"
        by_grad = f"{computation.taken} = {broken(call)}".splitlines()
        losses = [*(f"{name}.requires_grad_()" for name in computation.by), *losses, *by_grad]
        losses += [f"{name} = {name}.detach()" for name in computation.by] if totals else []
    lines += losses
    for part in totals:
        lines += computation.assigned(part, compiler)
    return lines + [
        f"{part} = {part}.detach().cpu().double().numpy()" for part in computation.parts
    ]


def jax(computation: Computation) -> list[str]:
    """The lines in JAX: jnp.asarray, jax.jit, jax.vjp."""
    lines = [f'jax.config.update("jax_default_device", jax.devices("{computation.device}")[0])']
    if computation.dtype == "float64" and computation.mode != "x32":
        lines.append('jax.config.update("jax_enable_x64", True)')
    for name in computation.names:
        dtype = ", dtype=jnp.bfloat16" if name in computation.bfloat16 else ""
        lines.append(f"{name} = jnp.asarray({name}{dtype})")
    body, answer = computation.assigned(computation.main), computation.answer
    if computation.gradient:
        given, expression = ", ".join(computation.by), computation.calls[computation.main]
        call = broken(f"jax.vjp(lambda {given}: {expression}, {given})")
        body = f"{answer}, pull_back = {call}".splitlines()
        weights = computation.cotangent or f"jnp.ones_like({answer})"
        body.append(f"{computation.taken} = pull_back({weights})")
    body += computation.totals
    if computation.mode != "eager":
        lines += ["", "", *computation.function("@jax.jit", body), computation.run]
    else:
        lines += body
    return lines + [f"{part} = np.asarray({part}).astype(np.float64)" for part in computation.parts]


def mlx(computation: Computation) -> list[str]:
    """The lines in MLX: mx.array, mx.vjp."""
    lines = ["mx.set_default_device(mx.cpu)"]
    for name in computation.names:
        narrow = name in computation.bfloat16
        dtype = "mx.bfloat16" if narrow else f"getattr(mx, {name}.dtype.name)"
        lines.append(f"{name} = mx.array({name}, dtype={dtype})")
    lines += layout_lines(computation.laid_out, "mlx")
    lines += computation.assigned(LOSSES)
    if computation.gradient:
        given, weights = computation.given, computation.cotangent or "mx.ones_like(losses)"
        function = f"lambda {given}: {computation.calls[LOSSES]}"
        call = broken(f"mx.vjp({function}, ({given},), ({weights},))")
        lines += f"_, (gradient,) = {call}".splitlines()
    lines += computation.totals
    return lines + [f"{part} = np.array({part}.astype(mx.float64))" for part in computation.parts]


def paddle(computation: Computation) -> list[str]:
    """The lines in PaddlePaddle: paddle.to_tensor, paddle.grad."""
    lines = ['paddle.set_device("cpu")']
    lines += [f"{name} = paddle.to_tensor({name})" for name in computation.names]
    lines += layout_lines(computation.laid_out, "paddle")
    if computation.gradient:
        lines.append(f"{computation.given}.stop_gradient = False")
    lines += computation.assigned(LOSSES)
    if computation.gradient:
        weights = f", grad_outputs=[{computation.cotangent}]" if computation.cotangent else ""
        lines.append(f"(gradient,) = paddle.grad([losses], [{computation.given}]{weights})")
        lines.append(f"{computation.given} = {computation.given}.detach()")
    lines += computation.totals
    return lines + [
        f"{part} = {part}.detach().numpy().astype(np.float64)" for part in computation.parts
    ]


def numpy(computation: Computation) -> list[str]:
    """The lines where a library takes NumPy's arrays, and takes no gradients."""
    narrow = [n for n in computation.names if n in computation.bfloat16]
    parts = [f"{name} = {name}.astype(ml_dtypes.bfloat16)" for name in narrow]
    parts += layout_lines(computation.laid_out, "numpy")
    parts += [line for part in computation.calls for line in computation.assigned(part)]
    names = [variable(part) for part in computation.calls]
    return parts + [f"{name} = np.asarray({name}).astype(np.float64)" for name in names]


# By the `host` of a table's ScriptFrame. The last lines make every part a float64 NumPy array.
LINES: Mapping[str, Callable[[Computation], list[str]]] = {
    "tensorflow": tensorflow,
    "torch": torch,
    "jax": jax,
    "mlx": mlx,
    "paddle": paddle,
    "numpy": numpy,
}


def indented(lines: Sequence[str]) -> list[str]:
    """The lines, four spaces deeper."""
    return textwrap.indent("\n".join(lines), "    ").splitlines()


def broken(expression: str, width: int = WIDTH) -> str:
    """The expression, its arguments on lines of their own where it is too long for one."""
    if len(expression) <= width:
        return expression
    return _broken(expression, ast.parse(expression, mode="eval").body, width)


def _broken(source: str, node: ast.AST, width: int) -> str:
    text = ast.get_source_segment(source, node) or ""
    if len(text) <= width:
        return text
    if isinstance(node, ast.Lambda):
        head = text[: -len(ast.get_source_segment(source, node.body) or "")]
        return head + _broken(source, node.body, width - 4)
    if not isinstance(node, ast.Call):
        return text
    function = _broken(source, node.func, width)
    arguments = [_broken(source, value, width - 4) for value in node.args]
    arguments += [f"{k.arg}={_broken(source, k.value, width - 8)}" for k in node.keywords]
    line = ", ".join(arguments)
    if "\n" in function and "\n" not in line and len(line) < width // 2:
        return f"{function}({line})"
    if "\n" in line or len(line) > width - 4:
        line = ",\n".join(arguments) + ","
    return "\n".join([f"{function}(", *indented(line.splitlines()), ")"])
