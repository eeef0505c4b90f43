"""The allowed values of options: reading, checking and writing them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from deejai_core.errors import OptionError
from deejai_core.models.musicnn.tags import BUNDLED_TAGS
from deejai_core.models.tag_set import Vocabulary

SWEEP = "0.05,0.1,0.2,0.4"  # epsilons to try
HEAVIEST = 10  # weight of a tag in a mood; two already outweigh any similarity


class Value:
    """The allowed values of an option. This class: any text.

    form: what a command line takes, "text", "int" or "float"; "" for a switch. choices: all values, if they are few. many:
    whether a command line may give it several times.
    """

    form = "text"
    choices: tuple[str, ...] = ()
    many = False

    def read(self, written: Any) -> Any:
        """Return the value that a configuration, a command line or JSON contains.

        Raises ValueError with what it must be.
        """
        if not isinstance(written, str):
            raise ValueError(f"must be a text, not {written!r}")
        return written

    def given(self, name: str, written: Any) -> Any:
        """Return the value of an option that is given separately. Raises OptionError, which names it."""
        try:
            return self.read(written)
        except ValueError as error:
            raise OptionError(name, str(error)) from error

    def plain(self, value: Any) -> Any:
        """Return the value as JSON and configurations store it; `read` accepts it."""
        return value

    def words(self, value: Any) -> list[str]:
        """Return the value as a command line takes it: a word for each time that the option is given."""
        plain = self.plain(value)
        return [str(plain).removesuffix(".0") if isinstance(plain, float) else str(plain)]


class Switch(Value):
    form = ""

    def read(self, written: Any) -> bool:
        if not isinstance(written, bool):
            raise ValueError(f"must be true or false, not {written!r}")
        return written


class SwitchOr(Value):
    """A switch, or a word for more than the switch."""

    def __init__(self, word: str) -> None:
        self.word = word

    def read(self, written: Any) -> bool | str:
        if isinstance(written, bool):
            return written
        if written != self.word:
            raise ValueError(f"must be true, false or {self.word}, not {written!r}")
        return self.word


class Number(Value):
    """A number between two limits, or at least one."""

    form = "float"

    def __init__(self, lowest: float, highest: float = math.inf) -> None:
        self.lowest = lowest
        self.highest = highest

    def read(self, written: Any) -> float:
        number = _number(written)
        if not (self.lowest <= number <= self.highest and number < math.inf):
            above = f"a finite number of at least {self.lowest}"
            limits = above if self.highest == math.inf else f"from {self.lowest} to {self.highest}"
            raise ValueError(f"must be {limits}, not {number:g}")
        return number


class Whole(Value):
    """A whole number with a lower limit."""

    form = "int"

    def __init__(self, lowest: int) -> None:
        self.lowest = lowest

    def read(self, written: Any) -> int:
        number = _number(written)
        if not number.is_integer():
            raise ValueError(f"must be a whole number, not {written}")
        if number < self.lowest:
            raise ValueError(f"must be at least {self.lowest}, not {written}")
        return written if isinstance(written, int) else int(number)


class Epsilon(Value):
    """A cosine distance, except both ends: with nothing alike, or everything, all slices would have the same weight."""

    form = "float"

    def read(self, written: Any) -> float:
        number = _number(written)
        if not 0 < number < 2:
            raise ValueError(f"must be between 0 and 2, not {number:g}")
        return number


class Epsilons(Value):
    """Epsilons separated by commas. Read as a list without repetitions."""

    def read(self, written: Any) -> list[float]:
        epsilons = []
        for word in str(written).split(","):
            try:
                number = float(word)
            except ValueError:
                problem = f"{word.strip()!r} is not a number; give epsilons with commas, such as {SWEEP}"
                raise ValueError(problem) from None
            epsilons.append(Epsilon().read(number))
        return list(dict.fromkeys(epsilons))


class Choice(Value):
    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def read(self, written: Any) -> str:
        if written not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}, not {written!r}")
        return str(written)


class Query(Value):
    """Words of a query, as one text or a list."""

    def read(self, written: Any) -> str:
        words = written if isinstance(written, list) else [written]
        if not all(isinstance(word, str) for word in words):
            raise ValueError(f"must be a query, not {written!r}")
        return " ".join(words)


class Separation(Value):
    """A number of tracks, or "once" for no second one, which is infinite, or another allowed word."""

    def __init__(self, *others: str) -> None:
        self.others = others

    def read(self, written: Any) -> float | str:
        word = str(written).lower()
        if word == "once":
            return math.inf
        if word in self.others:
            return word
        try:
            number = int(word)
        except ValueError:
            number = -1
        if number < 0:
            words = "".join(f", `{other}`" for other in self.others)
            raise ValueError(f"must be a number of tracks{words} or `once`, not {written!r}")
        return number

    def plain(self, value: float | str) -> float | str:
        return "once" if value == math.inf else value


class Length(Value):
    """Seconds, or minutes and seconds (10:00), or also hours (1:10:00)."""

    def read(self, written: Any) -> float:
        try:
            parts = [float(part) for part in str(written).split(":")]
        except ValueError:
            parts = [math.nan]
        wrong = len(parts) > 3 or min(parts) < 0
        seconds = math.nan if wrong else sum(part * 60**power for power, part in enumerate(reversed(parts)))
        if not 0 <= seconds < math.inf:
            raise ValueError(f"must be a length such as 10:00, not {written!r}")
        return seconds


class Mood(Value):
    """Tags and axes with weights: a mapping, or a list of TAG=WEIGHT, as on a command line.

    It is read as pairs, in the order of the vocabulary: that of the bundled model, unless another one is given.
    """

    many = True

    def __init__(self, vocabulary: Vocabulary = BUNDLED_TAGS) -> None:
        self.vocabulary = vocabulary

    def read(self, written: Any) -> tuple[tuple[str, float], ...]:
        weights: dict[int, float] = {}
        for tag, weight in written.items() if isinstance(written, Mapping) else _pairs(written):
            number = self.vocabulary.number(str(tag))
            if number is None:
                raise ValueError(
                    f"no tag is called {str(tag)!r}; choose one of: {', '.join(self.vocabulary.close(str(tag)))}"
                )
            weights[number] = _weight(tag, weight)
        names = self.vocabulary.columns
        return tuple((names[number], weights[number]) for number in sorted(weights) if weights[number])

    def plain(self, value: tuple[tuple[str, float], ...]) -> dict[str, float]:
        return dict(value)

    def words(self, value: tuple[tuple[str, float], ...]) -> list[str]:
        return [f"{tag}={weight:+}" for tag, weight in value] or [""]  # which removes the configured moods


class Maybe(Value):
    """Another value, or nothing: null, and also 0 unless that is a value.

    none: what nothing is read as. zero: whether 0 is a value.
    """

    def __init__(self, value: Value, none: Any = None, *, zero: bool = False) -> None:
        self.value = value
        self.none = none
        self.zero = zero
        self.form, self.choices = value.form, value.choices

    def read(self, written: Any) -> Any:
        if written is None:
            return self.none
        value = self.value.read(written)
        return value if value or self.zero else self.none

    def plain(self, value: Any) -> Any:
        if value == self.none:
            return None if self.zero else 0
        return self.value.plain(value)

    def words(self, value: Any) -> list[str]:
        """Return None if a command line cannot give this value."""
        return [] if self.plain(value) is None else super().words(value)


def _number(written: Any) -> float:
    try:
        return math.nan if isinstance(written, bool) else float(written)
    except (TypeError, ValueError):
        raise ValueError(f"must be a number, not {written!r}") from None
    except OverflowError:  # a whole number with hundreds of digits
        return math.inf


def _pairs(written: Any) -> Iterator[tuple[str, str]]:
    """Return the pairs of a command line; an empty text is no tag, and removes the configured moods."""
    for text in filter(None, written if isinstance(written, list) else [written]):
        tag, sign, weight = str(text).partition("=")
        if not sign:
            raise ValueError(f"must be tags with weights, such as happy=+0.5, not {str(text)!r}")
        yield tag, weight


def _weight(tag: Any, weight: Any) -> float:
    try:
        number = _number(weight)
    except ValueError:
        number = math.nan
    if not abs(number) <= HEAVIEST:
        raise ValueError(f"the weight of {str(tag)!r} must be from -{HEAVIEST} to {HEAVIEST}, not {str(weight)!r}")
    return number
