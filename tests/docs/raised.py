"""The stable codes that the bundle's source can answer with, read from the source itself."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from local.processes import ROOT

RAISERS = {"BadRequest", "Conflict", "NotFound", "ServiceUnavailable", "TokenRefused", "__init__"}
# Where the code is not the first argument: the position it has.
ELSEWHERE = {"_matching": 2, "_failure": 1}
# What never reaches a caller: a chain that cannot be read leaves a payment as it is; the sender has
# no caller; and whoever decides about a blocked payout is told by the runbook.
INTERNAL = {
    "chain_unavailable",
    "changed",
    "invalid_command",
    "invalid_decision",
    "not_blocked",
    "not_linkable",
    "overtaken",
    "payout_closed",
    "unexpected_address",
    "wallet_seed_invalid",
    "wallet_seed_missing",
}
# What an operator's command is told: docs/operate.md.
TO_AN_OPERATOR = {
    *("already_completed", "given_back", "invalid_dry_run", "invalid_ending", "invalid_switch"),
    *("not_completed", "not_gone", "not_priced", "not_refunded", "not_sold_once"),
    *("not_the_holder", "other_reason", "txid_missing", "already_told", "delivered_before"),
    # Of what another back end has left: docs/migrate.md.
    *("differs_at_pi", "invalid_row", "invalid_rows", "not_approved", "not_at_pi", "not_finished"),
    "refunded_before",
}
ANSWERED_TOO = {"already_completed"}  # by a route as well
# Why a payout is blocked, for the runbook too.
REASONS = ROOT / "shared" / "payouts" / "record.py"


def own_codes() -> set[str]:
    files = chain((ROOT / "shared").rglob("*.py"), (ROOT / "functions").rglob("*.py"))
    codes = {code for file in files for code in _codes(_tree(file))}
    return codes - INTERNAL - (TO_AN_OPERATOR - ANSWERED_TOO)


def _tree(file: Path) -> ast.Module:
    tree = ast.parse(file.read_text())
    if file == REASONS:
        tree.body = [node for node in tree.body if getattr(node, "name", None) != "mismatch"]
    return tree


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
            case ast.Assign(targets=[ast.Name(id="refusal" | "ALREADY_BOUGHT")], value=value):
                yield from _values(value)
            case ast.Assign(targets=[ast.Name(id="codes")], value=ast.Tuple(elts=[_, *values])):
                yield from chain.from_iterable(map(_values, values))


def _default(parameters: ast.arguments, name: str) -> Iterator[str]:
    # `code: str = "invalid_token"`: defaults belong to the last parameters.
    pairs = zip(reversed(parameters.args), reversed(parameters.defaults), strict=False)
    yield from chain.from_iterable(_values(value) for arg, value in pairs if arg.arg == name)


def _returned(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _values(node.value)


def _values(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _values(body)
            yield from _values(orelse)
