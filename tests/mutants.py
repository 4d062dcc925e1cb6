"""Mutants: small faults, planted one at a time in the rules of the derivative table.

A test that cannot notice a planted fault proves nothing, so `test_mutation.py` plants them all.
Some are made by wrapping a rule: its gradient negated, doubled, replaced by zero. The others are
made from the source: each operator, comparison, constant and choice in a rule, or in a function
that rules call, is exchanged for a wrong one. Which rules there are follows from the registry,
and what they say from the syntax tree of their module, so a new op is mutated like the rest.

A mutant lives for the length of a `with` block. Mutated source is planted by giving the function
itself new code, so that every module that imported it has the fault too.
"""

import __future__

import ast
import copy
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

from tinygrad_mlp.engine import OPS, Op


@dataclass(frozen=True)
class Mutant:
    """One fault.

    owner    the op, or the function that rules call
    place    which input's rule it is in; empty for a function
    change   what was done: a word, or the first line that reads differently
    was      how that line read before
    planted  with planted(): the fault is there
    """

    owner: str
    place: str
    change: str
    was: str
    planted: Callable[[], AbstractContextManager]

    def __str__(self) -> str:
        where = f"{self.owner}, {self.place}" if self.place else self.owner
        return f"{where}: {self.change}" + (f"    (was: {self.was})" if self.was else "")


# ------------------------------------------------------------------------------ planting them


@contextmanager
def with_code(function: Any, code: CodeType) -> Iterator[None]:
    """Inside, the function runs other code."""
    own = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = own


@contextmanager
def with_rule(op: Op, i: int, change: Callable[[Any], Any]) -> Iterator[None]:
    """Inside, the gradient of input `i` of the op goes through `change`."""
    rules, rule_for_each = op.rules, op.rule_for_each

    def changed(rule: Callable) -> Callable:
        return lambda *args, **params: change(rule(*args, **params))

    def changed_for_one(*args: Any, **params: Any) -> Callable:
        each = rule_for_each(*args, **params)
        return lambda j: change(each(j)) if i == j else each(j)

    if rule_for_each is None:
        op.rules = (*rules[:i], changed(rules[i]), *rules[i + 1 :])
    else:
        op.rule_for_each = changed_for_one
    try:
        yield
    finally:
        op.rules, op.rule_for_each = rules, rule_for_each


def with_text(function: Any, old: str, new: str) -> AbstractContextManager:
    """Inside, the source of the function says `new` where it says `old`, which it does once."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{function.__name__} says {old!r} not once"
    tree = ast.parse(source.replace(old, new)).body[0]
    tree.decorator_list.clear()
    return with_code(function, compiled(tree, function))


# ------------------------------------------------------------------------------ what rules say


@functools.cache
def functions_of(module: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module, as syntax trees."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def rules_of(name: str) -> list[tuple[str, Callable, ast.AST]]:
    """The rules of an op: which input each is for, the function, and its syntax tree."""
    op, module = OPS[name].op, OPS[name].__module__
    if not op.has_rules:
        return []
    functions = functions_of(module)
    keywords = [k for d in functions[name].decorator_list for k in d.keywords]
    (said,) = (k.value for k in keywords if k.arg in ("grad", "grad_of_each"))
    trees = said.elts if isinstance(said, ast.Tuple) else [said]
    trees = [functions[t.id] if isinstance(t, ast.Name) else t for t in trees]
    if op.rule_for_each is not None:
        return [("each input", op.rule_for_each, trees[0])]
    pairs = zip(op.rules, trees, strict=True)
    return [(f"input {i}", rule, tree) for i, (rule, tree) in enumerate(pairs) if rule is not None]


def called_by_rules(name: str) -> set[str]:
    """The functions, ops excepted, that the rules of an op call, and those that these call."""
    functions = functions_of(OPS[name].__module__)
    plain = {f for f, tree in functions.items() if not tree.decorator_list}
    trees, found = [tree for _, _, tree in rules_of(name)], set()
    rules = {getattr(tree, "name", "") for tree in trees}
    while trees:
        names = {n.id for n in ast.walk(trees.pop()) if isinstance(n, ast.Name)}
        new = (names & plain) - found - rules
        found |= new
        trees += [functions[f] for f in new]
    return found


# --------------------------------------------------------------------------------- making them


COMPARISONS: dict[type, list[type]] = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}


def wrong_forms(node: ast.AST) -> list[ast.AST]:
    """What could stand in the place of an expression by mistake."""
    match node:
        case ast.BinOp(a, ast.Add(), b):
            return [ast.BinOp(a, ast.Sub(), b), a, b]
        case ast.BinOp(a, ast.Sub(), b):
            return [ast.BinOp(a, ast.Add(), b), a, ast.UnaryOp(ast.USub(), b)]
        case ast.BinOp(a, ast.Div(), b):
            return [ast.BinOp(a, ast.Mult(), b), a]
        case ast.BinOp(a, _, b):
            return [a, b]
        case ast.UnaryOp(ast.USub() | ast.Not(), a):
            return [a]
        case ast.Compare(a, [comparison], [b]):
            return [ast.Compare(a, [c()], [b]) for c in COMPARISONS[type(comparison)]]
        case ast.BoolOp(_, parts):
            return list(parts)
        case ast.IfExp(_, a, b):
            return [a, b]
        case ast.Constant(bool() as value):
            return [ast.Constant(not value)]
        case ast.Constant(int() | float() as value):
            return [ast.Constant(value + 1)]
    return []


def compiled(tree: ast.AST, function: Any) -> CodeType:
    """The code of a syntax tree, made where the function was made."""
    space = dict(function.__globals__)
    flags = __future__.annotations.compiler_flag
    if isinstance(tree, ast.Lambda):
        body = ast.fix_missing_locations(ast.Expression(copy.deepcopy(tree)))
        return eval(compile(body, "<mutant>", "eval", flags), space).__code__
    body = ast.fix_missing_locations(ast.Module([copy.deepcopy(tree)], []))
    exec(compile(body, "<mutant>", "exec", flags), space)
    return space[function.__name__].__code__


def faults_in(tree: ast.AST) -> Iterator[ast.AST]:
    """The syntax tree of a function with one fault, for each fault that it can have."""
    body = [tree.body] if isinstance(tree, ast.Lambda) else tree.body
    for statement in body:
        for node in ast.walk(statement):
            for wrong in wrong_forms(node):
                yield copy.deepcopy(tree, {id(node): wrong})


def mutants_from_source(owner: str, place: str, function: Any, tree: ast.AST) -> Iterator[Mutant]:
    before = ast.unparse(tree).splitlines()
    for faulty in faults_in(tree):
        after = ast.unparse(faulty).splitlines()
        was, change = next(pair for pair in zip(before, after, strict=True) if len(set(pair)) == 2)
        planted = functools.partial(with_code, function, compiled(faulty, function))
        yield Mutant(owner, place, change.strip(), was.strip(), planted)


CHANGES = {"negated": lambda g: -g, "doubled": lambda g: g * 2, "zero": lambda g: g * 0}


def mutants_of_op(name: str, inputs: int) -> list[Mutant]:
    """Every mutant of the rules of an op that is called with so many inputs."""
    op, found = OPS[name].op, []
    for i in range(inputs if op.rule_for_each else len(op.rules)):
        if op.rule(i) is not None:
            for change, function in CHANGES.items():
                planted = functools.partial(with_rule, op, i, function)
                found.append(Mutant(name, f"input {i}", change, "", planted))
    for place, rule, tree in rules_of(name):
        found += mutants_from_source(name, place, rule, tree)
    return found


def mutants_of_function(name: str, module: str) -> list[Mutant]:
    """Every mutant of a function that rules call."""
    function = getattr(sys.modules[module], name)
    return list(mutants_from_source(name, "", function, functions_of(module)[name]))
