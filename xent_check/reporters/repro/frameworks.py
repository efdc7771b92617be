"""What users of each framework write around a loss: tensors, compilers, autodiff."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xent_check.implementations.program import GRADIENT, LOSSES, compiled

WIDTH = 92


def variable(part: str) -> str:
    """What a part is called in a script: Python's own `sum` stays what it is."""
    return "total" if part == "sum" else part


@dataclass(frozen=True)
class Work:
    """What a script has to compute.

    names: the arrays. calls: the expressions of the losses and of each total. gradient: by
    autodiff, of the sum of the losses, or weighted by the array `cotangent` where that is named.
    bfloat16: the arrays to be made bfloat16, from float32.
    """

    names: Sequence[str]
    given: str
    calls: Mapping[str, str]
    gradient: bool
    dtype: str
    mode: str
    device: str
    bfloat16: frozenset[str] = frozenset()

    @property
    def parts(self) -> list[str]:
        """The variables of what is computed, in order."""
        parts = [variable(part) for part in self.calls]
        return [LOSSES, GRADIENT, *parts[1:]] if self.gradient else parts

    @property
    def totals(self) -> list[str]:
        """The lines that compute the totals."""
        return [line for part in self.calls if part != LOSSES for line in self.assigned(part)]

    @property
    def cotangent(self) -> str:
        return "cotangent" if "cotangent" in self.names else ""

    def assigned(self, part: str, compiler: str = "") -> list[str]:
        """`losses = ...`."""
        text = compiled(compiler, self.calls[part], self.names)
        name = variable(part)
        return f"{name} = {broken(text, WIDTH - len(name))}".splitlines()

    def function(self, decorator: str, body: list[str]) -> list[str]:
        """The body as a decorated function of the arrays."""
        head = [decorator, f"def run({', '.join(self.names)}):"]
        return [*head, *indented([*body, f"return {', '.join(self.parts)}"]), "", ""]

    @property
    def run(self) -> str:
        """The call of that function."""
        return f"{', '.join(self.parts)} = run({', '.join(self.names)})"


def tensorflow(work: Work) -> list[str]:
    """tf.constant, tf.function, tf.GradientTape."""
    made = [
        f"{name} = tf.cast(tf.constant({name}), tf.bfloat16)"
        if name in work.bfloat16
        else f"{name} = tf.constant({name})"
        for name in work.names
    ]
    body = work.assigned(LOSSES)
    if work.gradient:
        weights = f", output_gradients={work.cotangent}" if work.cotangent else ""
        tape = ["with tf.GradientTape() as tape:", f"    tape.watch({work.given})"]
        body = [*tape, *indented(body), f"gradient = tape.gradient(losses, {work.given}{weights})"]
    body += work.totals
    place = f'with tf.device("/{"GPU" if work.device == "cuda" else "CPU"}:0"):'
    read = [f"{part} = {part}.numpy().astype(np.float64)" for part in work.parts]
    if work.mode not in ("graph", "xla"):
        return [place, *indented([*made, *body]), *read]
    options = "autograph=False" + (", jit_compile=True" if work.mode == "xla" else "")
    function = work.function(f"@tf.function({options})", body)
    return [*function, place, *indented([*made, work.run]), *read]


def torch(work: Work) -> list[str]:
    """torch.tensor, torch.compile, torch.autograd.grad."""
    lines = []
    for name in work.names:
        to = ".to(torch.bfloat16)" if name in work.bfloat16 else ""
        to += '.to("cuda")' if work.device == "cuda" else ""
        lines.append(f"{name} = torch.tensor({name}){to}")
    compiler = "torch.compile({})" if work.mode == "compile" else ""
    losses, values = work.assigned(LOSSES, compiler), work.given
    totals = [p for p in work.calls if p != LOSSES]
    if work.gradient:
        weights = work.cotangent or "torch.ones_like(losses)"
        by_grad = f"(gradient,) = torch.autograd.grad(losses, {values}, {weights})"
        losses = [f"{values}.requires_grad_()", *losses, by_grad]
        losses += [f"{values} = {values}.detach()"] if totals else []
    lines += losses
    for part in totals:
        lines += work.assigned(part, compiler)
    return lines + [f"{part} = {part}.detach().cpu().double().numpy()" for part in work.parts]


def jax(work: Work) -> list[str]:
    """jnp.asarray, jax.jit, jax.vjp."""
    lines = [f'jax.config.update("jax_default_device", jax.devices("{work.device}")[0])']
    if work.dtype == "float64" and work.mode != "x32":
        lines.append('jax.config.update("jax_enable_x64", True)')
    for name in work.names:
        dtype = ", dtype=jnp.bfloat16" if name in work.bfloat16 else ""
        lines.append(f"{name} = jnp.asarray({name}{dtype})")
    body = work.assigned(LOSSES)
    if work.gradient:
        call = broken(f"jax.vjp(lambda {work.given}: {work.calls[LOSSES]}, {work.given})")
        body = f"losses, pull_back = {call}".splitlines()
        body.append(f"(gradient,) = pull_back({work.cotangent or 'jnp.ones_like(losses)'})")
    body += work.totals
    if work.mode != "eager":
        lines += ["", "", *work.function("@jax.jit", body), work.run]
    else:
        lines += body
    return lines + [f"{part} = np.asarray({part}).astype(np.float64)" for part in work.parts]


LINES: Mapping[str, Callable[[Work], list[str]]] = {
    "tensorflow": tensorflow,
    "torch": torch,
    "jax": jax,
}


def indented(lines: Sequence[str]) -> list[str]:
    """Four spaces deeper."""
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
