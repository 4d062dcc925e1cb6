"""Mutants: small faults, planted one at a time in any function, and in the derivative table.

A test that cannot notice a planted fault proves nothing. Mutants are made from the source: each
operator, comparison, constant, choice and argument is exchanged for a wrong one or left out, and
each statement is left out. What the source says follows from the syntax tree of its module, so a
new function is mutated like the rest. Messages and types stay as they are.

A rule of the derivative table has some more, made by wrapping it: its gradient negated, doubled,
replaced by zero (`test_mutation.py` plants those of all rules, `mutation/` those of other rooms).

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
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
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
    line     of the module: that of the statement it is in; 0 where it is in none
    """

    owner: str
    place: str
    change: str
    was: str
    planted: Callable[[], AbstractContextManager]
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.owner}, {self.place}" if self.place else self.owner
        return f"{where}: {self.change}" + (f"    (was: {self.was})" if self.was else "")


# ------------------------------------------------------------------------------ planting them


@contextmanager
def with_code(function: Any, code: CodeType) -> Iterator[None]:
    """Inside, the function runs other code."""
    own = function.__code__
    _set_code(function, code)
    try:
        yield
    finally:
        _set_code(function, own)


def _set_code(function: Any, code: CodeType) -> None:
    with warnings.catch_warnings():
        # A generator without its `yield` is a plain function; Python 3.13 warns of that.
        warnings.simplefilter("ignore", DeprecationWarning)
        function.__code__ = code


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


@contextmanager
def with_default(function: Any, name: str, value: Any) -> Iterator[None]:
    """Inside, an argument that is left out has this value."""
    own = function.__defaults__, function.__kwdefaults__
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    given = {p.name: p.default for p in parameters if p.default is not p.empty} | {name: value}
    by_name = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    function.__defaults__ = tuple(v for n, v in given.items() if n not in by_name)
    function.__kwdefaults__ = {n: v for n, v in given.items() if n in by_name}
    try:
        yield
    finally:
        function.__defaults__, function.__kwdefaults__ = own


@contextmanager
def with_constant(module: str, name: str, value: Any) -> Iterator[None]:
    """Inside, the constant has this value, also where it was imported by its name."""
    own = getattr(sys.modules[module], name)
    holders = [m for m in list(sys.modules.values()) if vars(m).get(name) is own]
    for holder in holders:
        setattr(holder, name, value)
    try:
        yield
    finally:
        for holder in holders:
            setattr(holder, name, own)


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
    """What could stand in the place of an expression or a statement by mistake."""
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
        case ast.BoolOp(ast.And(), parts):
            return [ast.BoolOp(ast.Or(), parts), *parts]
        case ast.BoolOp(ast.Or(), parts):
            return [ast.BoolOp(ast.And(), parts), *parts]
        case ast.IfExp(_, a, b):
            return [a, b]
        case ast.Constant(bool() as value):
            return [ast.Constant(not value)]
        case ast.Constant(int() | float() as value):
            return [ast.Constant(one_more(value))]
        case ast.Call(ast.Name("isinstance")):
            return []
        case ast.Call(f, [*args, _], []) if args:
            return [ast.Call(f, args, [])]
        case ast.Call(f, args, keywords):
            rests = [[k for k in keywords if k is not left_out] for left_out in keywords]
            return [ast.Call(f, args, rest) for rest in rests]
        case ast.If(test) if wrong_forms(test) and not isinstance(test, ast.BoolOp | ast.Call):
            return [ast.Pass()]
        case ast.If(test, then, otherwise):
            return [ast.If(ast.UnaryOp(ast.Not(), test), then, otherwise), ast.Pass()]
        case ast.While(test, body, otherwise):
            return [ast.While(ast.UnaryOp(ast.Not(), test), body, otherwise), ast.Pass()]
        case ast.AugAssign(a, _, b):
            return [ast.Assign([a], b), ast.Pass()]
        case ast.Return(value) if value is not None:
            return [] if ast.unparse(value) == "None" else [ast.Return(None)]
        case ast.comprehension(target, values, [_, *_], is_async):
            return [ast.comprehension(target, values, [], is_async)]
        case (
            ast.Expr(ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom())
            | ast.Assign()
            | ast.Raise()
            | ast.Return()
            | ast.Break()
            | ast.Continue()
            | ast.Delete()
            | ast.For()
        ):
            return [ast.Pass()]
    return []


def one_more(value: float) -> float:
    """The next number; twice a number that is too large to have one."""
    return value + 1 if value + 1 != value else 2 * value


def can_be_wrong(node: ast.AST, line: int) -> Iterator[tuple[int, ast.AST]]:
    """The nodes from this one down that are mutated, each with the line of its statement.

    Messages, types, and what is raised stay as they are.
    """
    if isinstance(node, ast.stmt):
        line = node.lineno
    yield line, node
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.arg():
            return
        case ast.Call(ast.Name("isinstance"), [thing, _]):
            below = [thing]
        case ast.Call(ast.Attribute(array, "reshape"), shape):  # where -2 means the same as -1
            below = [array, *(side for side in shape if not isinstance(side, ast.UnaryOp))]
        case ast.AnnAssign(target, _, value):
            below = [target, *([value] if value else [])]
        case ast.FunctionDef():
            below = [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]
        case _:
            below = list(ast.iter_child_nodes(node))
    for child in below:
        yield from can_be_wrong(child, line)


def compiled(tree: ast.AST, function: Any) -> CodeType:
    """The code of a syntax tree, made where the function was made."""
    space = dict(function.__globals__)
    flags = __future__.annotations.compiler_flag
    tree = copy.deepcopy(tree)
    if isinstance(tree, ast.Lambda):
        body = ast.fix_missing_locations(ast.Expression(tree))
        return eval(compile(body, "<mutant>", "eval", flags), space).__code__
    # What it takes from around itself, a class for `super()` as a rule, it must go on taking.
    around = function.__code__.co_freevars
    uses = [ast.If(ast.Constant(False), [ast.Expr(ast.Name(n, ast.Load()))], []) for n in around]
    tree.body[:0] = uses
    tree.decorator_list = []
    maker = ast.parse(f"def maker({', '.join(around)}):\n global {tree.name}\n return {tree.name}")
    maker.body[0].body.insert(1, tree)  # global, as it may call itself
    exec(compile(ast.fix_missing_locations(maker), "<mutant>", "exec", flags), space)
    return space["maker"](*around).__code__


def faults_in(tree: Any) -> Iterator[tuple[int, Any, ast.AST, ast.AST]]:
    """Each fault that a function can have: its line, the function's syntax tree with it, and the
    statement of it that is changed, before and after.
    """
    if isinstance(tree, ast.Lambda):
        for line, node in can_be_wrong(tree.body, tree.lineno):
            for wrong in wrong_forms(node):
                faulty = copy.deepcopy(tree, {id(node): wrong})
                yield line, faulty, tree, faulty
        return
    for i, statement in enumerate(tree.body):
        for line, node in can_be_wrong(statement, statement.lineno):
            for wrong in wrong_forms(node):
                if not hasattr(wrong, "lineno"):
                    wrong.lineno = line
                after = copy.deepcopy(statement, {id(node): wrong})
                faulty = copy.copy(tree)
                faulty.body = [*tree.body[:i], after, *tree.body[i + 1 :]]
                yield line, faulty, statement, after


def mutants_from_source(owner: str, place: str, function: Any, tree: ast.AST) -> Iterator[Mutant]:
    def planted(faulty: Any) -> AbstractContextManager:
        return with_code(function, compiled(faulty, function))

    before: dict[int, list[str]] = {}
    for line, faulty, statement, wrong in faults_in(tree):
        if id(statement) not in before:
            before[id(statement)] = ast.unparse(statement).splitlines()
        pairs = zip_longest(before[id(statement)], ast.unparse(wrong).splitlines(), fillvalue="")
        was, change = next(pair for pair in pairs if len(set(pair)) == 2)
        plant = functools.partial(planted, faulty)
        yield Mutant(owner, place, change.strip(), was.strip(), plant, line)


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


# ------------------------------------------------------------------------------ whole modules


def mutants_of_module(module: str) -> Iterator[Mutant]:
    """Every mutant of a module: of its functions, their defaults, and its numbers."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    for node in tree.body:
        match node:
            case ast.Assign(
                [ast.Name(name)], ast.Constant(int() | float() as value)
            ) | ast.AnnAssign(ast.Name(name), _, ast.Constant(int() | float() as value)):
                wrong = not value if isinstance(value, bool) else one_more(value)
                planted = functools.partial(with_constant, module, name, wrong)
                change, was = f"{name} = {wrong}", f"{name} = {value}"
                yield Mutant(name, "", change, was, planted)
    for owner, function, node in all_functions(module, tree):
        yield from mutants_of_defaults(owner, function, node)
        yield from mutants_from_source(owner, "", function, node)


def all_functions(module: str, tree: ast.Module) -> Iterator[tuple[str, Any, ast.FunctionDef]]:
    """The functions and methods of a module: their names, themselves, and their syntax trees."""
    for node in tree.body:
        space, inside, prefix = vars(sys.modules[module]), [node], ""
        if isinstance(node, ast.ClassDef):
            space, inside, prefix = vars(space[node.name]), node.body, f"{node.name}."
        for child in inside:
            if isinstance(child, ast.FunctionDef) and not is_for_types_alone(child):
                yield prefix + child.name, undecorated(space[child.name], child), child


def is_for_types_alone(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


def undecorated(found: Any, node: ast.FunctionDef) -> Any:
    """The function that `node` defines, without what its decorators have put around it."""
    first_line = min(n.lineno for n in (node, *node.decorator_list))
    todo = [found]
    while todo:
        function = todo.pop()
        code = getattr(function, "__code__", None)
        if code is not None and code.co_firstlineno == first_line and code.co_name == node.name:
            return function
        names = ("fget", "fset", "__func__", "__wrapped__", "func")
        todo += [getattr(function, name) for name in names if hasattr(function, name)]
    raise LookupError(f"{node.name}, line {node.lineno}, is not in {found!r}")


def mutants_of_defaults(owner: str, function: Any, node: ast.FunctionDef) -> Iterator[Mutant]:
    arguments = [*node.args.posonlyargs, *node.args.args]
    named = [*zip(arguments[::-1], node.args.defaults[::-1], strict=False)]
    named += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    for argument, default in named:
        match default:
            case ast.Constant(int() | float() as value):
                wrong = not value if isinstance(value, bool) else one_more(value)
                planted = functools.partial(with_default, function, argument.arg, wrong)
                change, was = f"{argument.arg}={wrong}", f"{argument.arg}={value}"
                yield Mutant(owner, "", change, was, planted, function.__code__.co_firstlineno)
