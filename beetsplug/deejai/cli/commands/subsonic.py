"""The command that serves the library to Subsonic clients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import confuse
from beets import ui
from beets.exceptions import UserError

from ..call import Call, check_range
from ..group import Verb
from ..options import add_address

if TYPE_CHECKING:
    from deejai_core.features.subsonic.users import Users

PORT = 4533  # the usual one for servers of this kind


def verbs() -> list[Verb]:
    subsonic = Verb(
        "subsonic", run_subsonic, "serve your music, and lists of similar songs, to Subsonic clients", takes="[options]"
    )
    add_address(subsonic, port=PORT)
    subsonic.switch("--keys", "print the API key of each listener, and serve nothing")
    return [subsonic]


def run_subsonic(call: Call) -> None:
    call.refuse_words("subsonic takes no query: it serves the whole library")
    opts = call.opts
    check_range("--port", opts.port, 1, 65535)
    users = users_of(call.config)
    if opts.keys:
        for name in users.passwords:
            ui.print_(f"{name}: {users.api_key(name)}")
        return
    from deejai_core.features.subsonic.serving import serve_subsonic
    from deejai_core.features.web.page import address

    from ..making import request_for
    from ..output import playlists_for

    settings = call.configured.change("comparison", space="sound")
    serve_subsonic(
        call.library,
        call.load_model(),
        request_for("similar", settings),
        playlists_for(call.library, settings),
        users,
        host=opts.host,
        port=opts.port,
        ready=partial(announce, address(opts.host, opts.port, None), users),
    )


def announce(url: str, users: Users) -> None:
    ui.print_(f"{url}, for {', '.join(users.passwords)}")
    ui.print_("ctrl-C ends it")


def users_of(config: confuse.Subview) -> Users:
    """Return the configured listeners. Raises OptionError, and confuse.ConfigError if they are not a mapping."""
    from deejai_core.features.subsonic.users import Users

    passwords = config["subsonic_users"].get(dict)
    for name, password in passwords.items():
        if not isinstance(name, str) or not isinstance(password, str):  # YAML reads 0123 as 83, and yes as a truth value
            raise UserError(f"subsonic_users: put the name and the password of {name} in quotes")
    return Users(passwords, config["subsonic_owner"].get(confuse.Optional(str)))
