"""Every walk chooses what it chose when `tests/golden/data/walks.jsonl` was made.

CONTRIBUTING.md says when that file may be made anew.
"""

from __future__ import annotations

import pytest

from tests.golden.walks import CASES, LIBRARIES, read_cases, steps_of

ROUNDED = 2e-6  # what is stored has six decimals


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("walk", CASES)
def test_it_goes_where_it_went(walk, library):
    cases = [(case, steps) for case, steps in read_cases() if (case["walk"], case["library"]) == (walk, library)]
    assert len(cases) == CASES[walk]
    for case, steps in cases:
        found = steps_of(case)
        assert [decided(step) for step in found] == [decided(step) for step in steps], case
        for number, (step, golden) in enumerate(zip(found, steps, strict=True), 1):
            assert measured(step) == pytest.approx(measured(golden), abs=ROUNDED), f"step {number} of {case}"


def decided(step: list) -> tuple:
    """How many offers there were, which track was taken, and which rules gave way."""
    return step[0], *step[2:3], *step[4:]


def measured(step: list) -> list[float]:
    """The target and the similarity."""
    return [*step[1], step[3]] if len(step) > 1 else []
