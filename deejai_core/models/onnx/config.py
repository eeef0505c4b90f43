"""The configuration of a network: its inputs and outputs, in a JSON file that the user writes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.files import read_json
from deejai_core.models.tag_set import plain_name
from deejai_core.refusals import READING, refusal

BATCH, SAMPLE, FRAME, BAND = "batch", "sample", "frame", "band"  # axes of an input
FEATURE, POOLED = "feature", "pool"  # axes of an output, besides the batch
MOST_AXES = 6
LONGEST = 60  # seconds of a window
LARGEST = 1_000_000  # numbers of a constant
LARGEST_NUMBER = sys.float_info.max
MOST_SIZES = 16  # axes of a constant
LARGEST_SPECTROGRAM = 64_000_000  # numbers in all frames of a window, before they are transformed, and after: 512 MB each
OF_WAVEFORMS = {"kind", "rate", "window", "name", "axes", "subtract", "divide"}  # the keys that apply to any input

FIT, AS_IT_IS = "fit", "none"  # projections that are not files


class Rule(NamedTuple):
    """The allowed values of a key."""

    holds: Callable[[Any], bool]
    told: str


def number(low: float, high: float) -> Rule:
    return Rule(lambda value: _is_number(value) and low <= value <= high, f"a number from {low:g} to {high:g}")


def whole(low: int, high: int) -> Rule:
    return Rule(lambda value: type(value) is int and low <= value <= high, f"a whole number from {low} to {high}")


def choice(*names: str) -> Rule:
    return Rule(lambda value: isinstance(value, str) and value in names, f"one of {', '.join(names)}")


def axes(*names: str) -> Rule:
    def holds(value: Any) -> bool:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_AXES:
            return False
        return all(axis in names if isinstance(axis, str) else axis == 1 and type(axis) is int for axis in value)

    return Rule(holds, f"a list of {', '.join(names)} and 1")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= LARGEST_NUMBER  # not isfinite, which converts integers to floats


TEXT = Rule(lambda value: isinstance(value, str) and value != "", "text")
SECTION = Rule(lambda value: isinstance(value, dict), "an object")
TAG_NAMES = Rule(
    lambda value: (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(name, str) and name.isprintable() and plain_name(name) for name in value)
        and len({plain_name(name) for name in value}) == len(value)
    ),
    "a list of words, each another one",
)


def key(rule: Rule, default: Any = MISSING) -> Any:
    """Declare a key of a section. Without a default, it is required; with None, it may be missing."""
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, kw_only=True)
class Input:
    """The network's input for a window of audio. Lengths are in samples, frequencies in Hz."""

    kind: str = key(choice("waveform", "mel"))
    rate: int = key(whole(1_000, 192_000))
    window: int = key(whole(16, LONGEST * 192_000))
    name: str | None = key(TEXT, None)
    axes: tuple[str | int, ...] | None = key(axes(BATCH, SAMPLE, FRAME, BAND), None)
    subtract: float = key(number(-1e9, 1e9), 0)
    divide: float = key(number(1e-9, 1e9), 1)
    # Only for mel spectrograms; 0 if not given.
    fft: int = key(whole(16, 65_536), 0)
    hop: int = key(whole(1, 65_536), 0)
    bands: int = key(whole(1, 2_048), 0)
    frame: int = key(whole(16, 65_536), 0)
    taper: str = key(choice("hann", "hann-symmetric", "hamming"), "hann")
    pad: str = key(choice("none", "reflect", "zero"), "none")
    preemphasis: float = key(number(0, 1), 0)
    power: int = key(whole(1, 2), 2)
    lowest: float = key(number(0, 96_000), 0)
    highest: float | None = key(number(1, 96_000), None)
    scale: str = key(choice("slaney", "htk"), "slaney")
    slopes: str = key(choice("hertz", "mel"), "hertz")
    norm: str = key(choice("slaney", "none"), "slaney")
    multiply: float = key(number(1e-9, 1e9), 1)
    add: float = key(number(0, 1e9), 0)
    floor: float = key(number(1e-30, 1e9), 1e-10)
    log: str = key(choice("none", "ln", "log10", "decibels"), "none")
    reference: str = key(choice("one", "loudest"), "one")
    range: float | None = key(number(1e-3, 1e3), None)

    @property
    def is_mel(self) -> bool:
        return self.kind == "mel"

    @property
    def layout(self) -> tuple[str | int, ...]:
        """The axes of the network's input."""
        return self.axes or ((BATCH, FRAME, BAND) if self.is_mel else (BATCH, SAMPLE))

    @property
    def frame_length(self) -> int:
        """Samples of a frame; the transform has `fft` numbers, and zeros fill the rest."""
        return self.frame or self.fft

    @property
    def padding(self) -> int:
        """Samples that are added before a window, and after it."""
        return 0 if self.pad == "none" else self.frame_length // 2

    @property
    def frames(self) -> int:
        """The number of frames in the spectrogram of a window."""
        samples = self.window - (self.preemphasis > 0) + 2 * self.padding
        return 1 + (samples - self.frame_length) // self.hop

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a window for the network, before it is laid out along `axes`."""
        return (self.frames, self.bands) if self.is_mel else (self.window,)


@dataclass(frozen=True, kw_only=True)
class Output:
    """Which of the network's outputs is used, and how it becomes one row of numbers."""

    name: str | None = key(TEXT, None)
    axes: tuple[str | int, ...] = key(axes(BATCH, FEATURE, POOLED), (BATCH, FEATURE))
    pool: str = key(choice("mean", "max", "first", "last", "mean+max"), "mean")


@dataclass(frozen=True, kw_only=True)
class Tags(Output):
    """The output with the probabilities of tags."""

    names: tuple[str, ...] = key(TAG_NAMES)
    values: str = key(choice("probabilities", "logits", "softmax"), "probabilities")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits for the process that runs the network. seconds: for loading it, and for each window; memory: bytes."""

    seconds: float = key(number(0.1, 3_600), 60)
    memory: int = key(whole(100_000_000, 1_000_000_000_000), 4_000_000_000)


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole configuration. constants: the values of all other inputs, by name, see `constant_array`."""

    input: Input = key(SECTION)
    output: Output = key(SECTION, Output())
    constants: Mapping[str, Any] = field(default_factory=dict, metadata={"rule": SECTION})
    tags: Tags | None = key(SECTION, None)
    projection: str = key(TEXT, FIT)
    epsilon: float = key(number(1e-5, 1.99), 0.1)
    limits: Limits = key(SECTION, Limits())
    about: str = key(TEXT, "none")


SECTIONS = {"input": Input, "output": Output, "tags": Tags, "limits": Limits}


def read_config(path: Path) -> tuple[Config, dict[str, Any]]:
    """Return a file's configuration, and its content word for word. Raises ModelError: one line with file and key."""
    try:
        values = read_json(path)
    except OSError as error:
        raise ModelError(refusal(path, "cannot be read", error, READING)) from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: not the configuration of a network; it should be an object with the key input")
    return parse_config(values, path), values


def parse_config(values: dict[str, Any], path: Path) -> Config:
    """Parse a configuration. path: its file, for messages. Raises ModelError."""
    checked = _checked(values, Config, path, "")
    for name, of in SECTIONS.items():
        if name in checked:
            checked[name] = of(**_checked(checked[name], of, path, f"{name}."))
    config = Config(**checked)
    _check_input(config.input, values["input"], path)
    for name, output in (("output", config.output), ("tags", config.tags)):
        if output and (FEATURE not in output.axes or output.axes.count(BATCH) > 1):
            raise ModelError(
                f"{path}: {name}.axes is {list(output.axes)}; it should have {FEATURE}, and {BATCH} once at most"
            )
    for name, value in config.constants.items():
        constant_array(name, value, path)
    return config


def _checked(values: dict[str, Any], of: type, path: Path, where: str) -> dict[str, Any]:
    """Return the values of a section, each checked by its rule. where: what stands before their names in messages."""
    known = {each.name: each for each in fields(of)}
    for name in values:
        if name not in known:
            raise ModelError(f"{path}: unknown key {where}{name}; the known keys are {', '.join(known)}")
    for name, each in known.items():
        rule = each.metadata["rule"]
        if name not in values and each.default is each.default_factory is MISSING:
            raise ModelError(f"{path}: {where}{name} is missing; it should be {rule.told}")
        if name in values and not rule.holds(values[name]):
            raise ModelError(f"{path}: {where}{name} is {_shown(values[name])}; it should be {rule.told}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _check_input(input_: Input, given: Collection[str], path: Path) -> None:
    """Raise ModelError for values that do not fit together."""

    def refuse(name: str, problem: str) -> NoReturn:
        raise ModelError(f"{path}: input.{name} {problem}")

    needed = {FRAME, BAND} if input_.is_mel else {SAMPLE}
    named = [axis for axis in input_.layout if axis not in (1, BATCH)]
    if set(named) != needed or len(named) != len(needed) or input_.layout.count(BATCH) > 1:
        wanted = " and ".join(sorted(needed, reverse=True))
        refuse("axes", f"is {list(input_.layout)}; it should have {wanted} once each, and {BATCH} once at most")
    if input_.window > LONGEST * input_.rate:
        refuse("window", f"is {input_.window} samples; it should be {LONGEST} seconds at most, {LONGEST * input_.rate}")
    if not input_.is_mel:
        for name in given:
            if name not in OF_WAVEFORMS:
                refuse(name, "is for mel spectrograms, and this is a waveform")
        return
    for name in ("fft", "hop", "bands"):
        if not getattr(input_, name):
            refuse(name, "is missing; a mel spectrogram needs it")
    if input_.frame_length > input_.fft:
        refuse("frame", f"is {input_.frame}; it should be at most fft, {input_.fft}")
    if input_.frames < 1:
        refuse("window", f"is {input_.window} samples; it should hold a frame of {input_.frame_length} at least")
    numbers = input_.frames * max(input_.frame_length, input_.fft // 2 + 1, input_.bands)
    if numbers > LARGEST_SPECTROGRAM:
        refuse("hop", f"is {input_.hop}, which makes {input_.frames:,} frames of a window: too many to compute at once")
    if input_.pad == "reflect" and input_.window <= input_.frame_length // 2 + 1:
        refuse("window", f"is {input_.window} samples, too few to be reflected at both ends")
    if input_.highest is not None and input_.highest > input_.rate / 2:
        refuse("highest", f"is {input_.highest:g} Hz; it should be at most half of the rate, {input_.rate / 2:g}")
    if input_.lowest >= (input_.highest or input_.rate / 2):
        refuse("lowest", f"is {input_.lowest:g} Hz; it should be below the highest")


def constant_array(name: str, value: object, path: Path) -> np.ndarray:
    """Return the value of an input that is not audio: a number, nested lists of numbers, or one number in a shape.

    Raises ModelError if it is none of these.
    """
    shape = None
    if isinstance(value, dict) and value.keys() == {"shape", "value"}:
        shape, value = value["shape"], value["value"]
        sizes = isinstance(shape, list) and all(type(size) is int and 0 <= size <= LARGEST for size in shape)
        # A size of 0 must not hide sizes that numpy could not have.
        if (
            not sizes
            or len(shape) > MOST_SIZES
            or math.prod(size or 1 for size in shape) > LARGEST
            or not _is_number(value)
        ):
            told = f"one number in a shape of {MOST_SIZES} sizes and {LARGEST:,} numbers at most"
            raise ModelError(f"{path}: constants.{name} is not {told}")
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf" or array.size > LARGEST:
        told = 'a number, lists of numbers, or {"shape": [...], "value": ...}'
        raise ModelError(f"{path}: constants.{name} is {_shown(value)}; it should be {told}")
    return array if shape is None else np.full(shape, value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
