"""The page that asks for the token: a form, and nothing else, because the visitor has no permission yet."""

from __future__ import annotations

import base64
import hashlib
import html

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body { min-height: 90vh; display: grid; place-items: center; margin: 0 24px; }
form { display: grid; gap: 14px; max-width: 420px; }
h1, p { margin: 0; }
input, button { font: inherit; padding: 11px 16px; border-radius: 12px; border: 1px solid; }
button { cursor: pointer; font-weight: 600; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def token_page(program: str, *, wrong: bool) -> str:
    """Return HTML. program: the program that printed the address. wrong: whether a wrong token was given."""
    said = "That is not the token." if wrong else "This music is private."
    where = f"the address that <b>{html.escape(program)}</b> has printed"
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>deejai</title>
<style>{_STYLE}</style>
<main>
<form method="get">
  <h1>deejai</h1>
  <p>{said} Open {where}, or enter its token: what follows <b>token=</b>.</p>
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <button>Listen</button>
</form>
</main>
</html>
"""
