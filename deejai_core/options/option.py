"""The declaration of an option, as a field of a dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from deejai_core.options.values import Switch, Value


@dataclass(frozen=True)
class Option:
    """An option: a key of a configuration, and usually a flag of a command line.

    name: of the field. value: its allowed values. default: as a configuration writes it. help: for a command line; "" if it
    is only in the configuration. flag: by default `--` and the name; for a switch, the flag that changes its default.
    replaced: former flags, which older recipes may have. recorded: always in a recipe, because its default has changed once
    and may change again. page: whether a request of the DJ page may have it. listed: whether playlists of the configuration
    may have it.
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
        """The flag that sets a switch back, in case the configuration has changed it."""
        return f"--{self.flag.removeprefix('--no-')}" if self.flag.startswith("--no-") else f"--no-{self.flag[2:]}"


def option(default: Any, value: Value, help: str = "", *, written: Any = ..., **more: Any) -> Any:
    """Declare a field as an `Option`.

    default: of the field; written: the default as a configuration writes it, if different.
    """
    written = value.plain(default) if written is ... else written
    return field(default=default, metadata={"option": Option("", value, written, help, **more)})


def options_of(cls: type) -> dict[str, Option]:
    """Return the options that a dataclass declares, by name."""
    declared = {one.name: one.metadata["option"] for one in fields(cls) if "option" in one.metadata}
    return {name: replace(one, name=name, flag=one.flag or _flag(name, one)) for name, one in declared.items()}


def page_options(cls: type) -> dict[str, Option]:
    """Return the options of a dataclass that a request of the DJ page may have, by name."""
    return {name: one for name, one in options_of(cls).items() if one.page}


def _flag(name: str, declared: Option) -> str:
    away = "no-" if declared.is_switch and declared.default else ""
    return f"--{away}{name.replace('_', '-')}"
