"""Tables of all options, from their declaration in `deejai_core.options`; docs/conf.py puts them into docs/options.md."""

from __future__ import annotations

import re
from pathlib import Path

from beetsplug.deejai.cli.defaults import GROUPS, OfBeets
from deejai_core.options.option import Option, options_of

CONFIGURATION = Path(__file__).parent.parent / "docs/configuration.md"
MARK = re.compile(r"<!-- options: (.*?) -->")
HEAD = "| in the configuration | on the command line | default | what it does |\n|---|---|---|---|\n"
OF = {"beets": OfBeets} | GROUPS


def options_as_markdown(page: str) -> str:
    """A page with a table of the options of some groups wherever it has `<!-- options: walk rules -->`."""
    anchors = {
        name: re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading, name in re.findall(r"^### (`(\w+)`.*)$", CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE)
    }

    def table(mark: re.Match[str]) -> str:
        options = [option for group in mark[1].split() for option in options_of(OF[group]).values()]
        return HEAD + "\n".join(row(option, anchors[option.name]) for option in options)

    return MARK.sub(table, page)


def row(option: Option, anchor: str) -> str:
    """flag: only of an option that has a help for it; of a switch, the one that turns it from its default."""
    flags = ", ".join(f"`{flag}`" for flag in (option.short, option.flag) if flag) if option.help else ""
    default = "" if option.default in (None, "", {}) else f"`{shown(option.default)}`"
    help_ = option.help.replace("|", "\\|")
    return f"| [`{option.name}`](configuration.md#{anchor}) | {flags} | {default} | {help_} |"


def shown(default: object) -> str:
    """A default as YAML has it."""
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)
