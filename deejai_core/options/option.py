"""The declaration of an option, as a field of a dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from deejai_core.options.values import Switch, Value


@dataclass(frozen=True)
class Option:
    """An option: a key of a configuration, and mostly a flag of a command line.

    name: the field's. value: what it may be. default: as a configuration writes it. help: for a command line; empty: it is
    only in the configuration. flag: `--` and the name, unless another one is given; of a switch the one that turns it from
    its default. replaced: flags of before, which recipes of then may have. recorded: always in a recipe, since its default
    was another one once, and may change again. page: whether a request of the DJ page may have it. listed: whether
    playlists of the configuration may have it.
    """

    name: str
    value: Value
    default: Any
    help: str = ""
    flag: str = ""
    metavar: str | None = None
    short: str | None = None
    replaced: tuple[str, ...] = ()
    recorded: bool = False
    page: bool = False
    listed: bool = True

    @property
    def is_switch(self) -> bool:
        return isinstance(self.value, Switch)

    @property
    def opposite(self) -> str:
        """The flag that turns a switch the other way, should the configuration have set it."""
        return f"--{self.flag.removeprefix('--no-')}" if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"


def option(default: Any, value: Value, help: str = "", *, written: Any = ..., **more: Any) -> Any:
    """A field that is an `Option`. default: the field's; written: the same as a configuration writes it, if otherwise."""
    written = value.plain(default) if written is ... else written
    return field(default=default, metadata={"option": Option("", value, written, help, **more)})


def options_of(cls: type) -> dict[str, Option]:
    """The options that a dataclass declares, by name."""
    declared = {one.name: one.metadata["option"] for one in fields(cls) if "option" in one.metadata}
    return {name: replace(one, name=name, flag=one.flag or _flag(name, one)) for name, one in declared.items()}


def page_options(cls: type) -> dict[str, Option]:
    """Those of a dataclass's options that a request of the DJ page may have, by name."""
    return {name: one for name, one in options_of(cls).items() if one.page}


def _flag(name: str, declared: Option) -> str:
    away = "no-" if declared.is_switch and declared.default else ""
    return f"--{away}{name.replace('_', '-')}"
