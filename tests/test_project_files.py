"""Files about the project: what runs for contributors, the forms they fill in, how the project is cited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from packaging.specifiers import SpecifierSet

import deejai_core

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
FORMS = sorted(path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")

pytestmark = pytest.mark.skipif(not GITHUB.exists(), reason="only in the repository")


@pytest.fixture(scope="module")
def workflows() -> dict[str, dict]:
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("github-workflows", WORKFLOWS),
        ("dependabot", [GITHUB / "dependabot.yml"]),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE/config.yml"]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_they_keep_to_their_schemas(schema, paths):
    check_jsonschema = pytest.importorskip("check_jsonschema")
    done = CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", f"vendor.{schema}", *map(str, paths)])
    assert done.exit_code == 0, done.output


def test_workflows_may_only_read_and_take_tagged_actions(workflows):
    for workflow in workflows.values():
        assert workflow["permissions"] == {"contents": "read"}
        jobs = workflow["jobs"].values()
        assert all("permissions" not in job for job in jobs)
        used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
        assert used
        assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", name)] == []


def test_workflows_run_what_there_is(workflows):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    steps = [step for each in workflows.values() for job in each["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    made = set(re.findall(r"make ([\w-]+)", commands))
    assert {"lint", "docs", "smoke", "test"} <= made <= targets
    named = re.findall(r"(?:tests|tools|demo)/[\w./]+", commands)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_python_and_beets_that_may_be_used_is_tried(workflows):
    jobs = workflows["tests.yml"]["jobs"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    allowed = SpecifierSet(re.search(r'^requires-python = "(.*)"', project, re.MULTILINE)[1])
    assert jobs["python"]["strategy"]["matrix"]["python"] == [f"3.{n}" for n in range(100) if f"3.{n}" in allowed]
    beets = jobs["beets"]["strategy"]["matrix"]
    oldest = re.search(r'"beets>=(.*)"', (ROOT / "setup.py").read_text(encoding="utf-8"))[1]
    assert beets["beets"][0] == oldest
    assert [case["beets"] for case in beets["include"]] == beets["beets"]


def test_the_citation_is_of_this_version_and_names_whose_work_it_is():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == deejai_core.__version__
    named = {author["family-names"] for each in citation["references"] for author in each["authors"]}
    assert {"Smith", "Pons", "Serra", "Pennington"} <= named


def test_hooks_before_a_commit_are_those_of_make_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = " ".join(hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"])
    assert "ruff check" in entries
    assert "ruff format" in entries
