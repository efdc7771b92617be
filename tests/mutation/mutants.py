"""What can be planted in a source file: one small change of what it decides, one at a time.

Left alone, because nothing is decided there: annotations, decorators, docstrings, strings and what
is inside f-strings, the arguments of what is raised, `__repr__`, imports.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

TOKENS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/",)),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("*",)),
    ast.Mod: ("%", ("*",)),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: ("|", ("&",)),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
}
NAMES = (
    ("min", "max"), ("any", "all"), ("argmin", "argmax"), ("minimum", "maximum"),
    ("fmin", "fmax"), ("floor", "ceil"), ("log", "log1p"), ("exp", "expm1"), ("lower", "upper"),
    ("isnan", "isinf"), ("zeros_like", "ones_like"), ("zeros", "ones"), ("nanmax", "nanmin"),
)  # fmt: skip
SWAPS = {a: b for pair in NAMES for a, b in (pair, pair[::-1])} | {
    "isfinite": "isnan",
    "abs": "float",
    "sorted": "list",
}
SYMMETRIC = {"min", "max", "minimum", "maximum", "fmin", "fmax", "logaddexp", "hypot", "multiply"}


@dataclass(frozen=True)
class Mutant:
    """One change of a module: the text from start to end becomes `new`. function: where it stands,
    "" in the body of a module or class, which runs once, at import. statement: its first line."""

    module: str
    function: str
    statement: int
    line: int
    start: int
    end: int
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The module's source with the change."""
        return source[: self.start] + self.new + source[self.end :]

    def shown(self, source: str) -> tuple[str, str]:
        """The lines that it changes, as they are and as they become, without indentation."""
        first = source.rfind("\n", 0, self.start) + 1
        last = source.find("\n", self.end)
        last = len(source) if last < 0 else last
        after = source[first : self.start] + self.new + source[self.end : last]
        return _flat(source[first:last]), _flat(after)


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Every change of this source, in the order of the text."""
    all_of_them = _Finder(module, source).all()
    found = {(m.start, m.end, m.new): m for m in all_of_them if m.new != m.old}
    return [m for _, m in sorted(found.items())]


def compiles(source: str) -> bool:
    """Whether it is Python at all."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def digest(source: str) -> str:
    """What tells whether line numbers are still those of a source."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def functions_by_line(source: str) -> dict[int, str]:
    """The innermost function whose body holds a line, by its dotted name."""
    lines: dict[int, str] = {}

    def visit(node: ast.AST, name: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{name}.{child.name}" if name else child.name
            if isinstance(child, ast.FunctionDef):
                last = child.end_lineno or child.lineno
                lines.update(dict.fromkeys(range(child.body[0].lineno, last + 1), inner))
            visit(child, inner)

    visit(ast.parse(source), "")
    return lines


class _Finder:
    """A walk over one module's tree."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = module, source
        self.functions = functions_by_line(source)
        self.statements: dict[int, int] = {}
        for node in ast.walk(ast.parse(source)):  # the inner ones come after those around them
            if isinstance(node, ast.stmt):
                whole = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                self.statements.update(dict.fromkeys(whole, node.lineno))
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def all(self) -> Iterator[Mutant]:
        yield from self._below(ast.parse(self.source))

    def _below(self, node: ast.AST) -> Iterator[Mutant]:
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list", "exc", "cause", "bases"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_silent(child):
                    yield from self._here(child)
                    yield from self._below(child)

    def _here(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                yield from self._token(left, op, right)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for (a, b), compared in zip(pairwise([left, *comparators]), ops, strict=True):
                    yield from self._token(a, compared, b)
            case ast.BoolOp(op=op, values=values):
                for a, b in pairwise(values):
                    yield from self._token(a, op, b)
                for value in values if len(values) == 2 else ():
                    yield self._to(node, f"({self._text(value)})")
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
                yield self._to(node, f"{self._text(operand)}")
            case ast.Constant(value=bool() as value):
                yield self._to(node, str(not value))
            case ast.Constant(value=int() as value):
                yield self._to(node, str(value + 1))
                yield self._to(node, str(value - 1))
            case ast.Constant(value=float() as value):
                yield self._to(node, repr(value + 1))
                yield self._to(node, repr(value * 2))
            case ast.IfExp(body=body, test=test, orelse=orelse):
                yield self._to(node, f"({self._text(body)})")
                yield self._to(node, f"({self._text(orelse)})")
                yield from self._opposite(test)
            case ast.If(test=test) | ast.While(test=test):
                yield from self._opposite(test)
                yield self._to(test, "False")
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
                yield self._to(iterated, "()")
                if isinstance(node, ast.comprehension):
                    for test in node.ifs:
                        yield self._to(test, "True")
                        yield from self._opposite(test)
            case ast.Return(value=ast.expr() as value):
                if not isinstance(value, ast.Constant) or value.value is not None:
                    yield self._to(value, "None")
            case ast.Continue():
                yield self._to(node, "break")
            case ast.Break():
                yield self._to(node, "continue")
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
                yield self._to(node, "pass")
            case ast.Call():
                yield from self._call(node)

    def _call(self, node: ast.Call) -> Iterator[Mutant]:
        """Another function in its place, two arguments swapped, an optional one left out."""
        named = node.func
        word = named.id if isinstance(named, ast.Name) else getattr(named, "attr", "")
        if word in SWAPS:
            start, end = self._span(named)
            yield self._cut(end - len(word), end, SWAPS[word], named)
        plain = [a for a in node.args if not isinstance(a, ast.Starred)]
        if len(plain) == len(node.args) and word not in SYMMETRIC:
            for a, b in pairwise(plain):
                (start, _), (_, end) = self._span(a), self._span(b)
                between = self.source[self._span(a)[1] : self._span(b)[0]]
                yield self._cut(start, end, self._text(b) + between + self._text(a), a)
        for keyword in node.keywords:
            if keyword.arg and self._text(node).count("\n") == 0:
                copy = ast.Call(node.func, node.args, [k for k in node.keywords if k != keyword])
                yield self._to(node, ast.unparse(copy))

    def _opposite(self, test: ast.expr) -> Iterator[Mutant]:
        """A condition turned round; one operator that can be turned round itself is, elsewhere."""
        comparison = isinstance(test, ast.Compare) and len(test.ops) == 1
        if not comparison and not isinstance(test, ast.UnaryOp):
            yield self._to(test, f"not ({self._text(test)})")

    def _token(self, left: ast.expr, op: ast.AST, right: ast.expr) -> Iterator[Mutant]:
        start, end = self._span(left)[1], self._span(right)[0]
        token, others = TOKENS.get(type(op), ("", ()))
        found = re.search(rf"(?<![\w*/]){re.escape(token)}(?![\w*/])", self.source[start:end])
        if token and found:
            at = start + found.start()
            for other in others:
                yield self._cut(at, at + len(token), other, left)

    def _to(self, node: ast.AST, new: str) -> Mutant:
        start, end = self._span(node)
        return self._cut(start, end, new, node)

    def _cut(self, start: int, end: int, new: str, node: ast.AST) -> Mutant:
        line = self.source.count("\n", 0, start) + 1
        function = self.functions.get(line, "")
        statement, old = self.statements[line], self.source[start:end]
        return Mutant(self.module, function, statement, line, start, end, old, new)

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.source[start:end]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends; ast counts columns in bytes of UTF-8."""
        return (
            self._at(getattr(node, "lineno"), getattr(node, "col_offset")),  # noqa: B009
            self._at(getattr(node, "end_lineno"), getattr(node, "end_col_offset")),  # noqa: B009
        )

    def _at(self, line: int, column: int) -> int:
        start = self.lines[line - 1]
        text = self.source[start : self.lines[line]].encode()[:column]
        return start + len(text.decode())


def _is_silent(node: ast.AST) -> bool:
    """Whether nothing is decided in it."""
    if isinstance(node, ast.FunctionDef):
        return node.name in {"__repr__", "__str__"}
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert)


def _flat(text: str) -> str:
    return " ".join(text.split())
