"""Where things may stand: who imports whom, and what the core may not know.

The order of the core's folders is that of the table in docs/design.md. `EXCEPTIONS` is what does not keep to the rules yet:
it only ever gets shorter, since what is no longer true must be taken out of it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE, ADAPTER, MOPIDY = "deejai_core", "beetsplug.deejai", "mopidy_deejai"
API = "deejai_core"  # the package itself, which offers what is below it
DISTRIBUTION = "beets-deejai"
SQL_ON_BEETS = f"{ADAPTER}.library.sql"

LOGGING = ("getLogger", "ERROR", "CRITICAL")  # what the core may use of it

# By rule: what breaks it, and why.
EXCEPTIONS = {
    "order": {},
    "circles": {},
    "beet": {},
    "terminal": {},
    "sql": {},
}


class Module:
    """A module's syntax tree. name: in full; a package's is that of its folder."""

    def __init__(self, path: Path) -> None:
        parts = path.relative_to(ROOT).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.tree = ast.parse(path.read_text())

    @property
    def short(self) -> str:
        return self.name.removeprefix(f"{CORE}.").removeprefix(f"{ADAPTER}.").replace(".", "/")

    def imported(self) -> Iterator[str]:
        """Full names of modules and of what may be one, wherever in the module they are imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = self.name.split(".")
                    above = parts[: len(parts) - node.level + self.is_package]
                    base = ".".join([*above, *filter(None, [node.module])])
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def strings(self) -> Iterator[str]:
        """Constants, and the constant parts of f-strings; without docstrings."""
        docstrings = {id(text) for text in map(docstring, ast.walk(self.tree))}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.value

    @property
    def is_program(self) -> bool:
        """Whether it runs in a process of its own."""
        return any(
            isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in self.tree.body
        )


def docstring(node: ast.AST) -> ast.Constant | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        match node.body[0]:
            case ast.Expr(value=ast.Constant() as text):
                return text
    return None


@cache
def modules(package: str) -> dict[str, Module]:
    found = [Module(path) for path in sorted(ROOT.joinpath(*package.split(".")).rglob("*.py"))]
    return {module.name: module for module in found}


def dependencies(package: str) -> dict[str, set[str]]:
    """The modules of a package, and which others of it each imports."""
    known = modules(package)
    found: dict[str, set[str]] = {}
    for module in known.values():
        names = {name if name in known else name.rpartition(".")[0] for name in module.imported()}
        found[module.name] = (names & known.keys()) - {module.name}
    return found


def table() -> list[tuple[str, str]]:
    """What the table of docs/design.md names: a folder of the core, or "", and a module or folder in it."""
    text = (ROOT / "docs/design.md").read_text()
    named, folder = [], ""
    for first, second in re.findall(r"^\| *(.*?) *\| (.*?) \| .* \|$", text, re.MULTILINE)[1:]:
        if first:
            folder = "" if first == "(top)" else first.strip("`/")
        named += [(folder, name.strip("/")) for name in re.findall(r"`(.+?)`", second)]
    return named


def places() -> list[str]:
    """Folders and modules of the core in the order of the table, whose last one may import all others."""
    names = [folder.split("/")[0] if folder else module for folder, module in table()]
    return [*(name for name, _ in groupby(names)), API]


def place(module: str) -> str:
    _, _, below = module.partition(".")
    return below.split(".")[0] or API


def assert_only(rule: str, found: set[str]) -> None:
    excepted = EXCEPTIONS[rule].keys()
    assert found - excepted == set(), "breaks a rule of the house"
    assert excepted - found == set(), "is an exception no more: take it out of EXCEPTIONS"


def test_the_table_names_every_folder_once_and_nothing_that_is_not_there():
    listed = places()
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(map(place, modules(CORE)))
    paths = [ROOT / CORE / folder / name for folder, name in table()]
    assert [path for path in paths if not path.exists() and not path.with_suffix(".py").exists()] == []


def test_folders_import_only_from_folders_above_them_in_the_table():
    rank = {name: number for number, name in enumerate(places())}
    upwards = {
        f"{modules(CORE)[module].short} -> {modules(CORE)[other].short}"
        for module, others in dependencies(CORE).items()
        for other in others
        if rank[place(other)] > rank[place(module)]
    }
    assert_only("order", upwards)


def test_no_modules_import_each_other_in_a_circle():
    found = set()
    for package in (CORE, ADAPTER, MOPIDY):
        for circle in circles(dependencies(package)):
            found.add(" <-> ".join(modules(package)[name].short for name in circle))
    assert_only("circles", found)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that can all be reached from each other."""
    reachable = {node: reached(graph, node) for node in graph}
    groups = {
        tuple(sorted(other for other in reachable[node] if node in reachable[other]))
        for node in graph
        if node in reachable[node]
    }
    return [list(group) for group in sorted(groups)]


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += graph[node]
    return seen


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a", "c"}, "c": set()}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "e"}, "e": {"d"}}, [["a", "b", "c"], ["d", "e"]]),
    ],
)
def test_circles(graph, expected):
    assert circles(graph) == expected


def test_the_core_does_not_say_beet_nor_what_to_type():
    found = {
        f"{module.short}: {said[0].strip()}"
        for module in modules(CORE).values()
        for text in module.strings()
        for said in re.finditer(r".{0,20}beet.{0,20}", text.replace(DISTRIBUTION, ""), re.IGNORECASE)
    }
    assert_only("beet", found)
    flags = {
        f"{module.short}: {text}"
        for module in modules(CORE).values()
        for text in module.strings()
        if re.search(r"(^|[ (`])--[a-z]", text.partition("pip install")[0]) and not module.short.startswith("options/")
    }
    assert flags == set()
    pages = [path for kind in ("*.js", "*.html", "*.css") for path in (ROOT / CORE).rglob(kind)]
    assert [path.name for path in pages if "beet" in path.read_text().lower()] == []


def test_the_core_has_no_terminal_and_no_beets():
    """It has loggers, as any library; where their lines go is not for it to say.

    Programs that it starts in processes of their own may read what they are started with.
    """
    found = set()
    for module in modules(CORE).values():
        roots = {name.split(".")[0] for name in module.imported()}
        banned = roots & {"beets", "beetsplug", "mopidy", "pykka", MOPIDY, "confuse", "optparse", "argparse"}
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    banned.add("print")
                case ast.Attribute(value=ast.Name(id="logging"), attr=name) if name not in LOGGING:
                    banned.add(f"logging.{name}")
                case ast.Attribute(value=ast.Name(id="sys"), attr="argv") if not module.is_program:
                    banned.add("sys.argv")
        found |= {f"{module.short}: {name}" for name in banned}
    assert_only("terminal", found)


def test_the_plugin_knows_no_mopidy_and_one_module_of_the_extension_knows_beets():
    roots = {module.short: {name.split(".")[0] for name in module.imported()} for module in modules(ADAPTER).values()}
    assert {name for name, imported in roots.items() if imported & {"mopidy", "pykka", MOPIDY}} == set()
    roots = {module.name: {name.split(".")[0] for name in module.imported()} for module in modules(MOPIDY).values()}
    knowing = {name for name, imported in roots.items() if imported & {"beets", "beetsplug"}}
    assert knowing == {f"{MOPIDY}.beets_music"}


def test_one_module_knows_the_tables_of_beets():
    statement = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|EXISTS|PRAGMA)\b|\b(item|album)_attributes\b")
    adapter = {
        module.short
        for module in modules(ADAPTER).values()
        if module.name != SQL_ON_BEETS and any(map(statement.search, module.strings()))
    }
    core = {
        module.short
        for module in modules(CORE).values()
        if any(re.search(r"\b(item|album)_attributes\b", text) for text in module.strings())
    }
    assert_only("sql", adapter | core)


def test_no_module_of_the_library_of_beets_is_called_like_one_of_the_core():
    in_core = {name.rpartition(".")[2] for name in modules(CORE)}
    in_library = {name.rpartition(".")[2] for name in modules(f"{ADAPTER}.library")} - {"library"}
    assert in_library & in_core == set()


def test_the_library_of_beets_stands_on_the_core_alone():
    library = f"{ADAPTER}.library"
    for module in modules(library).values():
        own = [name for name in module.imported() if name.startswith("beetsplug.") and not name.startswith(f"{library}.")]
        assert own == [], module.name


def test_the_rules_are_about_all_modules():
    assert len(modules(CORE)) > 100
    assert f"{ADAPTER}.library.sql" in modules(ADAPTER)
    assert dependencies(CORE)["deejai_core.database"] == {
        "deejai_core.errors",
        "deejai_core.files",
        "deejai_core.refusals",
    }
    assert dependencies(ADAPTER)["beetsplug.deejai.library.tag_fields"] <= modules(ADAPTER).keys()
    assert sys.stdlib_module_names.isdisjoint(places())


def test_the_tests_of_the_core_need_no_beets():
    """Nor do the modules of tests that they import, as long as nobody calls what starts it."""
    todo, seen, found = sorted((ROOT / "tests/core").glob("*.py")), set(), set()
    while todo:
        path = todo.pop()
        seen.add(path)
        names = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            names |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
        found |= {f"{path.name}: {name}" for name in names if name.split(".")[0] in ("beets", "beetsplug")}
        helpers = [ROOT / f"{name.replace('.', '/')}.py" for name in names if name.startswith("tests.")]
        todo += [helper for helper in helpers if helper.exists() and helper not in seen]
    assert found == set()
