"""The floors of the house: a room uses only the floors below it, or its own without a cycle.

Read from the imports in the source, so that an import inside a function is found too. Imports
under `if TYPE_CHECKING:` are free, and so are those of other packages. The last part of this file
holds the reading itself to small houses with one fault each.
"""

import ast
import graphlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tinygrad_mlp

FLOORS: list[set[str]] = [
    {"engine", "changes", "observing", "anomaly", "dtypes", "rules", "signatures"}
    | {"state", "files", "outside", "arguments", "stopping", "decisions", "version"}
    | {"display"},
    {"ops"},
    {"composed"},
    {"tensor"},
    {"optim", "autograd", "creation", "data"},
    {"program"},
    {"nn"},
    {"train", "interop", "checkpoint", "inspection", "plot", "testing"},
    {"experiment", "__main__"},
    {"__init__"},
]
"""The rooms from the ground up. A room is a module of the package, or a folder with all in it."""

LAZY = {
    ("tinygrad_mlp", "tinygrad_mlp.experiment.recognise"),
    ("tinygrad_mlp", "tinygrad_mlp.inspection.drawing"),
    ("tinygrad_mlp", "tinygrad_mlp.plot"),
    ("tinygrad_mlp.inspection.drawing", "tinygrad_mlp.inspection.matplotlib_figure"),
}
"""Which module may import which inside a function: `tg.predict` brings what reads pictures,
`tg.draw_graph` what lays a graph out, and `tg.plot` and a graph as a figure matplotlib."""

SHADOWED = {"tinygrad_mlp.tensor"}
"""Modules that their package hides behind a name of its own: `tg.tensor(...)` is PyTorch's."""


def test_a_room_uses_only_the_floors_below_it_or_its_own_without_a_cycle():
    root = Path(tinygrad_mlp.__file__).parent
    assert not complaints(root, FLOORS, LAZY)


def test_no_module_is_shadowed_by_another_thing_of_its_name():
    assert set(shadowed(read(Path(tinygrad_mlp.__file__).parent))) == SHADOWED


# -------------------------------------------------------------------------- reading the imports


@dataclass(frozen=True)
class Module:
    """One source file.

    name        with dots, as it is imported; a package for its `__init__.py`
    is_package  whether it is an `__init__.py`
    tree        its syntax tree
    """

    name: str
    is_package: bool
    tree: ast.Module


@dataclass(frozen=True)
class Import:
    """That `user` imports the module `used`, in a line, perhaps inside a function."""

    user: str
    used: str
    line: int
    in_function: bool

    def __str__(self) -> str:
        return f"{self.user}, line {self.line}, imports {self.used}"


def read(root: Path) -> dict[str, Module]:
    """The modules of a package, by name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, is_package, ast.parse(path.read_text(encoding="utf-8")))
    return found


def statements(node: ast.AST, in_function: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every import statement below a node, and whether it stands inside a function.

    What stands under `if TYPE_CHECKING:` is left out.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, in_function
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from statements(ast.Module(child.orelse, []), in_function)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from statements(child, in_function or is_function)


def targets(module: Module, statement: ast.AST) -> Iterator[tuple[str, str]]:
    """What an import statement names: each time the name that it binds, and what that is."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or alias.name, alias.name
    elif isinstance(statement, ast.ImportFrom):
        base = statement.module or ""
        if statement.level:
            above = statement.level - module.is_package
            package = module.name.split(".")[: -above or None]
            base = ".".join([*package, *filter(None, [statement.module])])
        for alias in statement.names:
            yield alias.asname or alias.name, f"{base}.{alias.name}"


def imports(modules: dict[str, Module]) -> Iterator[Import]:
    """What the modules import of each other."""
    for module in modules.values():
        for statement, in_function in statements(module.tree):
            for _, target in targets(module, statement):
                used = target if target in modules else target.rpartition(".")[0]
                if used in modules:
                    yield Import(module.name, used, statement.lineno, in_function)


def shadowed(modules: dict[str, Module]) -> Iterator[str]:
    """The modules whose package binds their name to something else."""
    for package in modules.values():
        if not package.is_package:
            continue
        for statement in package.tree.body:
            for name, target in bound(package, statement):
                module = f"{package.name}.{name}"
                if module in modules and target != module:
                    yield module


def bound(module: Module, statement: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that a statement binds, and what an import binds them to."""
    yield from targets(module, statement)
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, ""
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name, ""


# --------------------------------------------------------------------------- holding the floors


def room(name: str) -> str:
    """The room that a module lies in: tinygrad_mlp.nn.layers lies in nn."""
    return [*name.split("."), "__init__"][1]


def complaints(
    root: Path, floors: list[set[str]], lazy: Collection[tuple[str, str]] = ()
) -> list[str]:
    """What is wrong with the imports of a package, in sentences.

    root    the package's folder
    floors  its rooms, from the ground up
    lazy    pairs of user and used that may be imported inside a function
    """
    modules = read(root)
    floor_of = {name: i for i, rooms in enumerate(floors) for name in rooms}
    unknown = sorted({room(name) for name in modules} - set(floor_of))
    if unknown:
        return [
            f"the room {name} is on no floor: write it into FLOORS in tests/test_floors.py, on "
            "the lowest floor that is above everything it uses"
            for name in unknown
        ]
    found = []
    beside: dict[str, set[str]] = {}
    for one in imports(modules):
        here, there = floor_of[room(one.user)], floor_of[room(one.used)]
        if one.in_function:
            if (one.user, one.used) not in lazy:
                found.append(f"{one} inside a function: import it at the top of the module")
        elif there > here:
            found.append(
                f"{one}, which is on floor {there} and so above floor {here}: move what is "
                "needed down, or what needs it up"
            )
        elif there == here:
            beside.setdefault(one.user, set()).add(one.used)
    try:
        graphlib.TopologicalSorter(beside).prepare()
    except graphlib.CycleError as error:
        found.append(f"imports in a cycle: {' <- '.join(error.args[1])}")
    return found


# ---------------------------------------------------------------- the same, for made-up houses

SOUND = {
    "__init__.py": "from .hall import open_door as open_door\n",
    "cellar.py": "import os\n",
    "hall/__init__.py": "from . import door\nfrom .door import open_door as open_door\n",
    "hall/door.py": "from ..cellar import key\ndef open_door(): import numpy\n",
    "roof.py": "import house.hall\nfrom . import cellar\n",
}
"""By file, the source of a house without a fault."""

HOUSE = [{"cellar"}, {"hall"}, {"roof"}, {"__init__"}]


@pytest.fixture
def build(tmp_path):
    """Builds the sound house, with some of its files changed or added."""

    def build(**changed):
        for file, source in {**SOUND, **changed}.items():
            path = tmp_path / "house" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return tmp_path / "house"

    return build


def test_a_sound_house_has_no_complaints(build):
    assert complaints(build(), HOUSE) == []
    assert not set(shadowed(read(build())))


UPWARD = {
    "relative": ("cellar.py", "from .roof import tile", "house.roof"),
    "relative, of a module": ("cellar.py", "from . import roof", "house.roof"),
    "absolute": ("cellar.py", "import house.roof", "house.roof"),
    "absolute, of a name": ("cellar.py", "from house.hall.door import lock", "house.hall.door"),
    "of the package itself": ("cellar.py", "from . import open_door", "house"),
    "from a folder": ("hall/door.py", "from ..roof import tile", "house.roof"),
    "from a folder's own file": ("hall/__init__.py", "from ..roof import tile", "house.roof"),
    "in a class": ("cellar.py", "class A:\n    from .roof import tile", "house.roof"),
    "beside types alone": (
        "cellar.py",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from .roof import tile",
        "house.roof",
    ),
}


@pytest.mark.parametrize("how", UPWARD)
def test_an_upward_import_is_noticed(build, how):
    file, source, used = UPWARD[how]
    (complaint,) = complaints(build(**{file: source}), HOUSE)
    assert f"imports {used}, which is on floor" in complaint
    assert "move what is needed down" in complaint


@pytest.mark.parametrize("condition", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_an_upward_import_for_types_alone_is_free(build, condition):
    source = f"if {condition}:\n    from .roof import tile"
    assert complaints(build(**{"cellar.py": source}), HOUSE) == []


CYCLES = {
    "between files of a folder": {
        "hall/door.py": "from .stairs import step",
        "hall/stairs.py": "from .door import lock",
    },
    "between a folder and its file": {"hall/door.py": "from . import open_door"},
}


@pytest.mark.parametrize("how", CYCLES)
def test_a_cycle_within_a_floor_is_noticed(build, how):
    (complaint,) = complaints(build(**CYCLES[how]), HOUSE)
    assert complaint.startswith("imports in a cycle: house.hall")


def test_a_cycle_between_rooms_of_one_floor_is_noticed(build):
    root = build(**{"attic.py": "from . import roof", "roof.py": "from . import attic"})
    (complaint,) = complaints(root, [{"cellar"}, {"hall"}, {"roof", "attic"}, {"__init__"}])
    assert "house.attic" in complaint and "house.roof" in complaint


@pytest.mark.parametrize("file", ["shed.py", "shed/__init__.py", "shed/tools.py"])
def test_a_room_on_no_floor_is_noticed_with_the_place_to_write_it(build, file):
    (complaint,) = complaints(build(**{file: ""}), HOUSE)
    assert "the room shed is on no floor: write it into FLOORS in tests/test_floors.py" in complaint


HIDDEN = {
    "in a function": "def lazy():\n    from .cellar import key",
    "in a method": "class A:\n    def lazy(self):\n        if self: import house.cellar",
    "in a coroutine": "async def lazy():\n    from . import cellar",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_an_import_hidden_in_a_function_is_noticed_even_of_a_lower_floor(build, how):
    root = build(**{"roof.py": HIDDEN[how]})
    (complaint,) = complaints(root, HOUSE)
    assert "imports house.cellar inside a function: import it at the top" in complaint
    assert complaints(root, HOUSE, {("house.roof", "house.cellar")}) == []


SHADOWS = {
    "a function": ("hall/__init__.py", "def door(): pass", "house.hall.door"),
    "a class": ("hall/__init__.py", "class door: pass", "house.hall.door"),
    "a value": ("hall/__init__.py", "door = 1", "house.hall.door"),
    "an annotated value": ("hall/__init__.py", "door: int = 1", "house.hall.door"),
    "what is imported": ("hall/__init__.py", "from .door import door", "house.hall.door"),
    "what is imported under its name": ("__init__.py", "import os as roof", "house.roof"),
}


@pytest.mark.parametrize("what", SHADOWS)
def test_a_module_shadowed_in_its_package_is_noticed(build, what):
    file, source, module = SHADOWS[what]
    assert list(shadowed(read(build(**{file: source})))) == [module]
