"""What the documentation says is what the code does."""

from __future__ import annotations

import ast
import re
from optparse import SUPPRESS_HELP
from pathlib import Path

import yaml

import deejai_core
from beetsplug.deejai.cli.defaults import DEFAULTS
from deejai_core.history.sources import UNDERSTOOD
from deejai_core.models.musicnn.tags import MSD_TAGS, MTT_TAGS

ROOT = Path(__file__).parent.parent
DOCS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_every_option_is_documented_with_its_default():
    text = (ROOT / "docs/configuration.md").read_text()
    documented = {
        name: yaml.safe_load(default)
        for name, default in re.findall(r"^### `(\w+)` \(default: `(.*)`\)$", text, re.MULTILINE)
    }
    assert documented == DEFAULTS
    example, *_ = re.findall(r"```yaml\ndeejai:\n(.*?)```", text, re.DOTALL)
    assert yaml.safe_load(example) == DEFAULTS


def test_every_verb_and_flag_is_documented():
    from beetsplug.deejai.cli.commands import deejai_command

    text = (ROOT / "docs/commands.md").read_text()
    sections = dict(re.findall(r"^## `([\w-]+)`(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    verbs = {verb.name: verb for verb in deejai_command(config=None, log=None).verbs}
    assert sections.keys() == verbs.keys()
    for name, verb in verbs.items():
        parsers = [verb.parser, *(part.parser for part in getattr(verb, "verbs", ()))]  # `model use`, `history add`
        shown = [option for parser in parsers for option in parser.option_list if option.help != SUPPRESS_HELP]
        flags = {flag for option in shown for flag in option._long_opts} - {"--help"}
        shared = text if name in ("similar", "journey", "reorder", "mix", "playlists", "blind") else sections[name]
        assert all(f"`{flag}" in shared or f"{flag}`" in shared for flag in flags), (name, flags)
        for part in getattr(verb, "verbs", ()):
            assert f"beet deejai {name} {part.name}" in sections[name]


def test_no_flag_is_documented_that_there_is_not():
    from beetsplug.deejai.cli.commands import deejai_command

    verbs = deejai_command(config=None, log=None).verbs
    parsers = [parser for verb in verbs for parser in (verb.parser, *(part.parser for part in getattr(verb, "verbs", ())))]
    known = {flag for parser in parsers for option in parser.option_list for flag in option._long_opts}
    theirs = {"--master"}  # of Spark
    named = {
        (path.name, flag)
        for path in DOCS
        if path.name not in ("CHANGELOG.md", "benchmarks.md", "CONTRIBUTING.md")
        for flag in re.findall(r"(?:`|beet deejai [^\n`]* )(--[a-z][\w-]*)", path.read_text())
    }
    assert len(named) > 100
    assert {(name, flag) for name, flag in named if flag not in known | theirs} == set()


def test_every_source_of_the_history_is_documented():
    text = (ROOT / "docs/history.md").read_text()
    names = re.findall(r"[A-Z][\w.]*(?: [A-Z]\w+)*|\.\w+\.log", UNDERSTOOD)
    assert len(names) > 8
    assert [name for name in names if name not in text] == []


def test_the_order_of_the_stored_tags():
    text = (ROOT / "docs/storage.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert [int(start) for start, _ in rows] == [*range(0, 200, 40), *range(0, 144, 40)]
    assert ", ".join(tags for _, tags in rows) == ", ".join(MSD_TAGS.names + MTT_TAGS.names)


def test_links_lead_somewhere():
    for page in DOCS:
        for target, heading in re.findall(r"\]\(([^)#]+?)(?:#([^)]*))?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
                assert not heading or heading in headings(page.parent / target), f"{page.name}: {target}#{heading}"


def headings(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_version_is_the_changelogs():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in changelog
    released = re.findall(r"^## (\d\S*)", changelog, re.MULTILINE)
    assert deejai_core.__version__ == (released[0] if released else "0.1.0")


def test_the_plugin_logs_templates():
    """An f-string with a title in it breaks beets' logging when the title has a brace."""
    for path in (ROOT / "beetsplug").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = ast.unparse(node.func.value)
                if target.endswith("log") and node.args:
                    assert isinstance(node.args[0], (ast.Constant, ast.Name)), f"{path.name}:{node.lineno}"
