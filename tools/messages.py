"""Every error message that the code can show, with what helps; docs/conf.py puts them into docs/troubleshooting.md.

    python -m tools.messages

prints them all. What a message fills in, such as the name of a file, is `…` here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from beetsplug.deejai.cli.hints import WORDS

ROOT = Path(__file__).parent.parent
PACKAGES = ("deejai_core", "beetsplug", "mopidy_deejai")
MARK = re.compile(r"<!-- messages: (.*?) -->")
FILLED_IN = "…"

Texts = dict[str, list[str]]  # of variables

# Errors that are called the same, or say what a user reads only in some places, by the folder that they are raised in.
RENAMED = {
    ("deejai_core/features/web", "RefusedError"): "PageError",
    ("deejai_core/options", "ValueError"): "OptionError",
}
PLAIN = ("UserError", "UnreadableError", "SubsonicError", "ServingError", "Finding")  # shown, and not of deejai_core.errors


@dataclass(frozen=True, order=True)
class Message:
    """text: with `…` for what is filled in. kind: the error's class. hints: names of `deejai_core.errors.HINTS`."""

    text: str
    kind: str
    hints: tuple[str, ...] = ()

    @property
    def helps(self) -> str:
        """What the command line says behind it."""
        return " / ".join(re.sub(r"{about}", FILLED_IN, WORDS[hint]).strip(", ") for hint in self.hints)


def messages() -> list[Message]:
    """All of them, in the order of their texts."""
    known = {*classes(ROOT / "deejai_core/errors.py"), *PLAIN, *RENAMED.values()}
    found = {
        message
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for message in in_module(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        if message.kind in known
    }
    return sorted(found, key=lambda message: (re.sub(r"\W", "", message.text).casefold(), message))


def classes(path: Path) -> list[str]:
    """The classes of a module."""
    return [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]


def in_module(path: str, tree: ast.AST) -> Iterator[Message]:
    """The messages of all errors that are made there. path: from the root of the repository."""
    renamed = {name: to for (folder, name), to in RENAMED.items() if path.startswith(folder)}
    for call, function in calls(tree, None):
        if isinstance(call.func, ast.Name):
            name = call.func.id
            if name.endswith("Error") or is_wrong(call):
                yield from of_call(renamed.get(name, name), call, texts_before(call, function))


def calls(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.Call, ast.AST | None]]:
    """All calls below a node, each with the function around it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = node
    if isinstance(node, ast.Call):
        yield node, function
    for child in ast.iter_child_nodes(node):
        yield from calls(child, function)


def texts_before(call: ast.Call, function: ast.AST | None) -> Texts:
    """The texts that variables may have at a call: all that were assigned since the variable was last read."""
    texts: Texts = {}
    read = set()
    parts = [part for part in ast.walk(function) if getattr(part, "lineno", call.lineno) < call.lineno] if function else []
    for part in sorted(parts, key=lambda part: part.lineno):
        match part:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Constant(value=str()) | ast.JoinedStr() | ast.IfExp() as value
            ):
                before = [] if name in read else texts.get(name, [])
                texts[name] = before + [text for text in templates(value, {}) if text != FILLED_IN]
                read.discard(name)
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
    return texts


def is_wrong(call: ast.Call) -> bool:
    """Whether it makes a finding of the doctor that something is wrong, or may be better."""
    return ast.unparse(call.func) == "Finding" and {"wrong", "hint"} & {keyword.arg for keyword in call.keywords} != set()


def of_call(kind: str, call: ast.Call, known: Texts) -> Iterator[Message]:
    hints = tuple(
        dict.fromkeys(
            part.value
            for keyword in call.keywords
            if keyword.arg == "hint"
            for part in ast.walk(keyword.value)
            if isinstance(part, ast.Constant) and part.value in WORDS
        )
    )
    texts = [list(templates(argument, known)) for argument in call.args if not isinstance(argument, ast.Starred)]
    if kind in ("OptionError", "NothingAllowedError") and len(texts) > 1:
        options = [name if name.isidentifier() else FILLED_IN for name in texts[0]]
        shown = [f"{option}: {text}" for option in options for text in texts[1]]
    elif kind == "SubsonicError":  # behind a number
        shown = texts[1]
    elif kind == "Finding":
        shown = [f"{texts[0][0]}: {text}" for text in texts[1] if text != FILLED_IN]
    elif kind == "LostError":
        shown = [f"cannot reach {FILLED_IN} ({FILLED_IN})"]
        hints = ("player address",)
    else:
        shown = texts[0] if texts else []
    for text in shown:
        if re.search(r"\w{3}", text):
            yield Message(text, kind, hints)


def templates(node: ast.expr, known: Texts) -> Iterator[str]:
    """The texts that an expression may come to; what is computed elsewhere is `…`."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if known.get(name):
            yield from known[name]
        case ast.JoinedStr(values=parts):
            for chosen in product(*(list(templates(part, known)) for part in parts)):
                yield re.sub(f"{FILLED_IN}+", FILLED_IN, re.sub(r"\s+", " ", "".join(chosen)))
        case ast.FormattedValue(value=ast.Name() as value):
            yield from templates(value, known)
        case ast.IfExp(body=body, orelse=orelse):
            yield from templates(body, known)
            yield from templates(orelse, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from (first + second for first in templates(left, known) for second in templates(right, known))
        case ast.Call(func=ast.Name(id="one_line" | "with_remedy"), args=[argument, *_]):
            yield from templates(argument, known)
        case ast.Call(func=ast.Name(id="refusal"), args=[_, failed, *_]):
            yield from (f"{FILLED_IN}: {text} ({FILLED_IN})" for text in templates(failed, known))
        case _:
            yield FILLED_IN


def messages_as_markdown(page: str) -> str:
    """A page with the messages of some kinds wherever it has `<!-- messages: AudioError ... -->`."""
    everything = messages()

    def listed(mark: re.Match[str]) -> str:
        kinds = mark[1].split()
        return "\n".join(dict.fromkeys(line(message) for message in everything if message.kind in kinds))

    return MARK.sub(listed, page)


def line(message: Message) -> str:
    return f"* {as_code(message.text)}" + (f"  \n  {escaped(message.helps)}" if message.helps else "")


def as_code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def escaped(text: str) -> str:
    """Markdown that shows a text as it is, but for its code."""
    return re.sub(r"(?<!`)([*_<\[])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"\\\1", text)


if __name__ == "__main__":
    print("\n".join(map(line, messages())))
