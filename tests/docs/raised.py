"""The stable codes that the bundle's source can answer with, read from the source itself."""

import ast
from collections.abc import Iterator
from itertools import chain

from local.processes import ROOT

RAISERS = {"BadRequest", "Conflict", "NotFound", "ServiceUnavailable", "TokenRefused", "__init__"}
# Where the code is not the first argument: the position it has.
ELSEWHERE = {"_matching": 2, "_failure": 1}
# A chain that cannot be read leaves a payment as it is; the error never reaches a caller.
INTERNAL = {"chain_unavailable"}


def own_codes() -> set[str]:
    files = chain((ROOT / "shared").rglob("*.py"), (ROOT / "functions").rglob("*.py"))
    codes = {code for file in files for code in _codes(ast.parse(file.read_text()))}
    return codes - INTERNAL


def _codes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
                place = 0 if name in RAISERS else ELSEWHERE.get(name)
                if place is not None and len(arguments) > place:
                    yield from _values(arguments[place])
            case ast.FunctionDef(name="__init__", args=parameters):
                yield from _default(parameters, "code")
            case ast.FunctionDef(name="mismatch"):
                yield from _returned(node)
            case ast.Assign(targets=[ast.Name(id="refusal")], value=value):
                yield from _values(value)


def _default(parameters: ast.arguments, name: str) -> Iterator[str]:
    # `code: str = "invalid_token"`: defaults belong to the last parameters.
    pairs = zip(reversed(parameters.args), reversed(parameters.defaults), strict=False)
    yield from chain.from_iterable(_values(value) for arg, value in pairs if arg.arg == name)


def _returned(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _values(node.value)


def _values(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
