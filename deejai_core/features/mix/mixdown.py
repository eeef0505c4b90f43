"""Writes a mix to a file with its cue sheet: atomically, and never over a file that is not a mix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from deejai_core.errors import AudioError, MixError
from deejai_core.features.mix.cue import BEGINNING, MOST_TRACKS, Chapter, can_name, format_cue
from deejai_core.features.mix.encode import MOST_CHAPTERS, About, check_format, encode
from deejai_core.features.mix.plan import Blocks, Mix, Part, render
from deejai_core.files import check_folder, linked, make_folder, replacing
from deejai_core.refusals import WRITING, refusal
from deejai_core.words import one_line

ARTIST = "Various artists"
MADE_BY = "deejai_core.write_mix"  # the beginning of the comment of a mix that no other program made


def check_output(
    path: Path,
    comments_of: Callable[[Path], list[str]],
    *,
    bitrate: int | None = None,
    force: bool = False,
    made_by: str = MADE_BY,
) -> int:
    """Return the sample rate (Hz) for a mix in this file.

    comments_of: reads the comments of a file, as `Decoder.comments`. force: whether an existing file, and its cue sheet,
    may be something other than a mix. made_by: the beginnings of the comments of mixes that may be replaced. Raises
    MixError if a mix cannot be written here, or something else would be lost; OptionError if the format does not have the
    bit rate.
    """
    format_ = check_format(path, bitrate)
    shown = one_line(os.fspath(path))
    try:
        check_folder(path.parent)
        linked(path)
    except OSError as error:
        raise MixError(refusal(path, "cannot write the mix", error, WRITING)) from error
    if not os.access(path.parent if path.parent.is_dir() else path.parent.parent, os.W_OK):
        raise MixError(f"{shown}: its folder cannot be written to; choose another one, or change its permissions")
    if not can_name(path):
        raise MixError(f"{shown}: a cue sheet cannot name this file; choose a name without quotation marks and line breaks")
    written: dict[Path, Callable[[Path], bool]] = {  # the files to write, and whether an existing one is ours
        path: lambda file: is_mix(file, comments_of, made_by),
        cue_path(path): lambda file: _is_cue_of_mix(file, made_by),
    }
    for file, is_ours in written.items():
        try:
            if file.exists() and not file.is_file():
                raise MixError(f"{one_line(os.fspath(file))}: this is not a regular file; choose another name")
            if not force and file.exists() and not is_ours(file):
                raise MixError(
                    f"{one_line(os.fspath(file))}: this file exists and is not a mix that deejai made",
                    hint="another name or replace",
                )
        except OSError as error:
            raise MixError(refusal(path, "cannot write the mix", error, WRITING)) from error
    return format_.rate


def cue_path(path: Path) -> Path:
    return path.with_suffix(".cue")


def is_mix(path: Path, comments_of: Callable[[Path], list[str]], made_by: str = MADE_BY) -> bool:
    """Return whether a file is one of our mixes, by the beginning of its comment, or empty."""
    if not path.stat().st_size:
        return True
    try:
        return any(comment.startswith(made_by) for comment in comments_of(path))
    except AudioError:
        return False


def _is_cue_of_mix(path: Path, made_by: str) -> bool:
    beginning = BEGINNING + made_by.encode()
    with path.open("rb") as file:
        return file.read(len(beginning)) in (b"", beginning)


def write_mix(
    path: Path,
    mix: Mix,
    blocks_of: Blocks,
    title: str,
    recipe: str,
    *,
    bitrate: int | None = None,
    notes: Path | None = None,
    finished: Callable[[Part], None] = lambda part: None,
    warn: Callable[[str], None] = lambda text: None,
) -> None:
    """Render a mix to a file that `check_output` allowed, with metadata and chapters, and its cue sheet beside it.

    recipe: the command that makes it again. notes: as in `replacing`. finished, warn: called after each part, and with a
    line for each thing that could not be done. Raises MixError; the existing file is then unchanged.
    """
    chapters = chapters_of(mix)
    most = MOST_CHAPTERS.get(path.suffix.lower(), len(chapters))
    if len(chapters) > most:
        warn(f"{path.suffix[1:]} has at most {most} chapters; the later songs have none")
    try:
        make_folder(path.parent)
        with replacing(path, notes=notes, through_link=True) as temporary:
            about = About(title, ARTIST, recipe, chapters[:most])
            rendered = render(
                mix,
                blocks_of,
                finished=finished,
                short=lambda part, reason: warn(f"{one_line(os.fspath(part.track.path))}: {reason}; silence instead"),
            )
            encode(temporary, path.suffix.lower(), rendered, about, bitrate)
        if len(chapters) > MOST_TRACKS:
            warn(f"a cue sheet has at most {MOST_TRACKS} tracks; this mix gets none")
            cue_path(path).unlink(missing_ok=True)
            return
        with replacing(cue_path(path), through_link=True) as temporary:
            temporary.write_bytes(format_cue(path, title, ARTIST, recipe, chapters))
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise MixError(refusal(path, "cannot write the mix", error, WRITING)) from error


def chapters_of(mix: Mix) -> list[Chapter]:
    """Return a chapter for each part, from where it is the louder one to where the next is."""
    starts = [part.entry / mix.rate for part in mix.parts]
    ends = [*starts[1:], mix.seconds]
    return [
        Chapter(start, end, part.track.artist, part.track.title or part.track.path.stem)
        for part, start, end in zip(mix.parts, starts, ends, strict=True)
    ]
