"""Energy and valence: numbers that the tags say together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.embedding.tag_digits import SCALE, encode, level
from deejai_core.embedding.tagging import read_columns
from deejai_core.models.axes import STEPS, Axis, magnitude
from deejai_core.models.musicnn.axes import ENERGY, VALENCE
from deejai_core.models.musicnn.tags import BUNDLED_TAGS, MSD_TAGS
from deejai_core.models.tag_set import TagSet

COLD_WARM = Axis("warmth", {"warm": 2, "cold": -1}, (-1000, -100, 0, 100, 1000))
WEATHER = TagSet("deejai_tags_weather", ("cold", "warm"), (COLD_WARM,))
DIGITS = st.lists(st.integers(0, SCALE - 1), min_size=50, max_size=50)


class TestAnAxis:
    def test_orders_of_magnitude_count_alike(self):
        steps = [magnitude(number) for number in (0, 100, 1_000, 10_000)]
        assert np.diff(steps).tolist() == [100 * 100 + 10 * 100 + 100, 10 * 900 + 900, 9_000]

    @pytest.mark.parametrize(
        ("score", "level"), [(-5000, 0), (-1000, 0), (-550, 13), (-100, 25), (0, 50), (40, 60), (1000, 100), (5000, 100)]
    )
    def test_levels_lie_between_the_scores(self, score, level):
        assert COLD_WARM.level(score) == level

    @pytest.mark.parametrize("axis", [COLD_WARM, ENERGY, VALENCE], ids=lambda axis: axis.name)
    def test_the_lowest_score_of_each_level(self, axis):
        for step in range(1, STEPS + 1):
            lowest = axis.lowest(step)
            assert axis.level(lowest) >= step > axis.level(lowest - 1)

    def test_it_is_told_from_what_is_stored(self):
        assert level(encode([0.0, 0.0]), COLD_WARM, WEATHER) == 0.5
        assert level(encode([0.0, 0.0001]), COLD_WARM, WEATHER) == 0.78  # a score of 2 * 111
        assert level(encode([0.5, 0.0]), COLD_WARM, WEATHER) == 0
        assert level("junk", COLD_WARM, WEATHER) is None
        assert level(None, COLD_WARM, WEATHER) is None


class TestEnergyAndValence:
    @pytest.mark.parametrize("axis", MSD_TAGS.axes, ids=lambda axis: axis.name)
    def test_they_are_made_of_tags_and_rise(self, axis):
        assert set(axis.weights) <= set(MSD_TAGS.names)
        assert list(axis.scores) == sorted(set(axis.scores))
        assert len(axis.scores) == 21

    def test_what_they_say(self):
        def of(axis: Axis, **tags: float) -> float:
            return level(encode([tags.get(name, 0.001) for name in MSD_TAGS.names]), axis, MSD_TAGS)

        assert of(ENERGY, metal=0.5) > 0.85 > 0.15 > of(ENERGY, ambient=0.3, mellow=0.1, beautiful=0.1)
        assert of(VALENCE, party=0.2, funk=0.2) > 0.85 > 0.15 > of(VALENCE, ambient=0.4, experimental=0.2)

    @given(DIGITS, st.lists(st.sampled_from([-1, 0, 1]), min_size=50, max_size=50), st.sampled_from(MSD_TAGS.axes))
    def test_the_last_digits_of_all_tags_move_them_by_three_hundredths_at_most(self, digits, changes, axis):
        # Machines differ by less: in rounding, not in a ten-thousandth of a probability.
        def of(numbers: list[int]) -> float:
            return level("".join(f"{min(max(number, 0), SCALE - 1):04d}" for number in numbers), axis, MSD_TAGS)

        moved = [number + change for number, change in zip(digits, changes, strict=True)]
        assert abs(of(digits) - of(moved)) < 0.0301

    @given(st.lists(DIGITS, min_size=1, max_size=5))
    def test_numpy_finds_the_same(self, tracks):
        stored = {id_: "".join(f"{number:04d}" for number in digits) for id_, digits in enumerate(tracks, 1)}

        class Library:
            def field(self, name: str) -> dict[int, str]:
                return stored

        columns = read_columns(Library(), MSD_TAGS, [*stored, 99])
        for place, axis in enumerate(MSD_TAGS.axes, len(MSD_TAGS.names)):
            expected = [level(text, axis, MSD_TAGS) for text in stored.values()]
            assert columns[:-1, place] == pytest.approx(expected, abs=0.00501)
        assert np.isnan(columns[-1]).all()

    def test_they_are_asked_for_like_tags(self):
        assert BUNDLED_TAGS.columns[BUNDLED_TAGS.number("Energy")] == "energy"
        assert BUNDLED_TAGS.numbers_in("energy") is None  # but are not what a track sounds most like
        assert BUNDLED_TAGS.close("valance")[0] == "valence"
