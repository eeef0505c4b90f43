"""The command that serves the DJ page."""

from __future__ import annotations

from functools import partial

from ..call import Call, check_range
from ..group import Verb


def verbs() -> list[Verb]:
    web = Verb(
        "web",
        run_web,
        "serve a page that plays songs like the ones you choose, on and on",
        usage="%prog [options] [QUERY...]",
    )
    web.parser.add_option("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    web.parser.add_option("--port", type="int", default=8050, help="port to listen on (default: 8050)")
    web.parser.add_option("--token", help="token that other devices have to give (default: a new one each time)")
    web.parser.add_option("--demo", type="float", metavar="SECONDS", help="go to the next song every so many seconds")
    web.parser.add_option("--open", action="store_true", help="open the page in this machine's browser")
    return [web]


def run_web(call: Call) -> None:
    opts = call.opts
    check_range("--port", opts.port, 1, 65535)
    check_range("--demo", opts.demo, 1, 3600, " seconds")
    from deejai_core.features.web.page import serve_page, token_for

    from ..web import announce, page_library

    settings = call.configured.change("comparison", space="sound")  # what is dropped in is in no list
    token = token_for(opts.host, opts.token)
    serve_page(
        page_library(call.library, settings, at_home=token is None),
        call.args,
        host=opts.host,
        port=opts.port,
        token=token,
        ready=partial(announce, opts.host, opts.port, token, open_page=bool(opts.open)),
        demo=opts.demo,
        program="beet deejai web",
    )
