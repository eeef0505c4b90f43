"""Which small faults in a module would no test notice? `make mutants MODULE=deejai_core/playlists/candidates.py`

mutmut changes the module in many small ways, one at a time, and runs the tests of the core that import it, or those named
by TESTS. What survives is listed as a diff; many of these change nothing that matters. All of it happens in build/mutants.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = (
    "deejai_core",
    "beetsplug",
    "mopidy_deejai",
    "tests",
    "demo",
    "benchmarks",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
)


def main(module: str, *tests: str) -> None:
    name = module.removesuffix(".py").replace("/", ".")
    tests = tests or tuple(sorted(importing(name)))
    if not (ROOT / module).is_file() or not tests:
        sys.exit(f"{module}: no such file, or no test in tests/core imports it; name some: TESTS='tests/core/test_x.py'")
    copy = ROOT / "build/mutants" / name
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for each in COPIED:
        source, target = ROOT / each, copy / each
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    settings = {
        "source_paths": ["deejai_core"],
        "only_mutate": [module],
        "also_copy": COPIED,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-q"],
        "pytest_add_cli_args_test_selection": tests,
    }
    lines = [f"{key} =\n    " + "\n    ".join(values) for key, values in settings.items()]
    lines.append("timeout_multiplier = 4")  # of what the tests take; many a changed loop never ends
    (copy / "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n")
    print(f"{module}: {', '.join(tests)}", flush=True)
    mutmut(copy, "run", "--max-children", os.environ.get("WORKERS", "2"))
    results = mutmut(copy, "results", capture_output=True)
    found = re.findall(r"^\s+(\S+): (survived|timeout|suspicious|no tests)", results, re.MULTILINE)
    untested = Counter(mutant.rpartition("__mutmut_")[0] for mutant, status in found if status == "no tests")
    for mutant, status in found:
        if status != "no tests":
            diff = mutmut(copy, "show", mutant, capture_output=True)
            print(f"\n{mutant}: {status}", *re.findall(r"^[-+](?![-+]{2}).*", diff, re.MULTILINE), sep="\n")
    for function, number in untested.items():
        print(f"\n{function}: no test runs it ({number} changes)")
    print(f"\n{len(found)} survived")


def importing(name: str) -> Iterator[str]:
    """The tests of the core that import a module, themselves or through what tests share."""
    package, _, last = name.rpartition(".")
    imports = rf"(from {re.escape(name)} import|import {re.escape(name)}\b|from {re.escape(package)} import .*\b{last}\b)"
    shared = [path.stem for path in (ROOT / "tests").glob("*.py") if re.search(imports, path.read_text())]
    pattern = "|".join([imports, *(rf"from tests\.{stem} import" for stem in shared)])
    for path in (ROOT / "tests/core").glob("test_*.py"):
        if re.search(pattern, path.read_text()):
            yield path.relative_to(ROOT).as_posix()


def mutmut(folder: Path, *words: str, capture_output: bool = False) -> str:
    command, env = [sys.executable, "-m", "mutmut", *words], os.environ | {"HYPOTHESIS_PROFILE": "mutants"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=capture_output, text=True)
    return done.stdout or ""


if __name__ == "__main__":
    main(*sys.argv[1:])
