"""The plan of a mix, and whether what is rendered is what was planned."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import AudioError
from deejai_core.features.mix.loudness import integrated_loudness, measure, ratio
from deejai_core.features.mix.plan import CEILING, LIMITED, LOUDER, TARGET, Measured, Mix, plan_mix, render, survey
from deejai_core.formats.entries import Track

RATE = 44_100


def measured(frames: int = 100 * RATE, *, loudness: float = -14.0, peak: float = -9.0, name: str = "x", first: int = 0):
    return Measured(Track(Path(name), "", name, None), first, frames, loudness, peak)


def tone(hertz: float, seconds: float, volume: float = 0.2) -> np.ndarray:
    wave = volume * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def rendered(mix: Mix, sounds: dict[str, np.ndarray], **options) -> np.ndarray:
    def blocks_of(path, rate):
        samples = sounds[path.name]
        return (samples[start : start + rate] for start in range(0, len(samples), rate))

    return np.concatenate(list(render(mix, blocks_of, **options)))


class TestThePlan:
    def test_tracks_share_the_seconds_of_a_fade(self):
        mix = plan_mix([measured(100 * RATE), measured(60 * RATE), measured(30 * RATE)], RATE, 6)
        assert [part.start / RATE for part in mix.parts] == [0, 94, 148]
        assert [part.fade / RATE for part in mix.parts] == [0, 6, 6]
        assert [part.entry / RATE for part in mix.parts] == [0, 97, 151]
        assert mix.seconds == 178

    @pytest.mark.parametrize(
        ("loudness", "peak", "gain", "reached"),
        [
            (-8, 0.5, -6, -14),  # a loud master
            (-20, -8, 6, -14),  # quiet, with room above it
            (-20, -4, 6, -14),  # single peaks will be limited, by 3 dB
            (-23, -3, 6, -17),  # an orchestra: as loud as 4 dB of limiting allow
            (-50, -30, 20, -30),  # the noise of a room stays one
        ],
    )
    def test_gains(self, loudness, peak, gain, reached):
        (part,) = plan_mix([measured(loudness=loudness, peak=peak)], RATE, 6).parts
        assert (part.gain, part.loudness) == pytest.approx((gain, reached))

    def test_no_fade_takes_more_than_half_of_a_track(self):
        mix = plan_mix([measured(100 * RATE), measured(4 * RATE), measured(1), measured(100 * RATE)], RATE, 6)
        assert [part.fade for part in mix.parts] == [0, 2 * RATE, 0, 0]

    def test_a_fade_of_zero_is_a_join_too_short_to_be_heard(self):
        mix = plan_mix([measured(), measured()], RATE, 0)
        assert mix.parts[1].fade == 220
        assert mix.parts[1].start == 100 * RATE - 220

    @given(
        st.lists(
            st.builds(measured, st.integers(1, 10**7), loudness=st.floats(-69, 5), peak=st.floats(-60, 9)), min_size=1
        ),
        st.floats(0, 60),
    )
    def test_never_more_than_two_tracks_at_a_time_and_none_too_loud(self, tracks, fade):
        mix = plan_mix(tracks, RATE, fade)
        assert mix.frames == sum(part.frames - part.fade for part in mix.parts)
        for before, part in pairwise(mix.parts):
            assert before.entry <= part.entry
            assert before.start + before.frames == part.start + part.fade
        for before, after in pairwise(mix.parts[1:]):
            assert before.fade + after.fade <= before.frames
        for one, part in zip(tracks, mix.parts, strict=True):
            assert part.loudness <= TARGET + 1e-9
            assert one.peak + part.gain <= CEILING + LIMITED + 1e-9
            assert part.gain <= LOUDER


class TestRendering:
    SOUNDS = {"low": tone(220, 3), "high": tone(3000, 2.5), "mid": tone(900, 4)}

    @pytest.mark.parametrize("fade", [0, 0.5, 60])
    def test_it_is_the_sum_of_its_faded_tracks(self, fade):
        tracks = [
            measured(len(samples) - 1000, name=name, first=700, loudness=-14 - number)
            for number, (name, samples) in enumerate(self.SOUNDS.items())
        ]
        mix = plan_mix(tracks, RATE, fade)
        ideal = np.zeros((mix.frames, 2))
        for number, part in enumerate(mix.parts):
            volume = np.full(part.frames, ratio(part.gain))
            rising = np.sin(np.linspace(0, np.pi / 2, 2 * part.fade + 1)[1::2])
            volume[: part.fade] *= rising
            if number + 1 < len(mix.parts):
                fade_out = mix.parts[number + 1].fade
                volume[part.frames - fade_out :] *= np.cos(np.linspace(0, np.pi / 2, 2 * fade_out + 1)[1::2])
            own = self.SOUNDS[part.track.title][700 : 700 + part.frames]
            ideal[part.start : part.start + part.frames] += own * volume[:, None]
        assert np.abs(rendered(mix, self.SOUNDS) - ideal).max() < 1e-5

    def test_the_power_in_the_middle_of_a_fade_is_that_around_it(self):
        rng = np.random.default_rng(0)
        sounds = {name: rng.normal(0, 0.1, (4 * RATE, 2)).astype(np.float32) for name in ("one", "two")}
        samples = rendered(plan_mix([measured(4 * RATE, name=name) for name in sounds], RATE, 2), sounds)
        powers = (samples.astype(float) ** 2).reshape(-1, RATE // 4 * 2).mean(axis=1)
        assert powers == pytest.approx(0.01, rel=0.1)

    def test_a_fade_of_zero_is_gapless_and_clicks_not(self):
        wave = tone(441, 4)  # 100 frames long
        sounds = {"ends on a crest": wave[: 2 * RATE + 25], "begins at zero": wave[2 * RATE :]}
        mix = plan_mix([measured(len(samples), name=name) for name, samples in sounds.items()], RATE, 0)
        samples = rendered(mix, sounds)[:, 0]
        bend = np.abs(np.diff(wave[:, 0], 2)).max()  # a jump from crest to zero would be 250 times that
        assert np.abs(np.diff(samples, 2)).max() < 4 * bend
        assert np.abs(samples[: len(samples) // 100 * 100]).reshape(-1, 100).max(axis=1).min() > 0.15

    def test_peaks_of_a_sum_are_limited(self):
        sounds = {"one": tone(100, 4, 0.85), "two": tone(100, 4, 0.85)}
        mix = plan_mix([measured(4 * RATE, name=name) for name in sounds], RATE, 2)
        assert np.abs(rendered(mix, sounds)).max() <= ratio(CEILING) + 1e-3

    def test_memory_does_not_grow_with_the_mix(self):
        second = np.random.default_rng(0).normal(0, 0.2, (RATE, 2)).astype(np.float32)

        def blocks_of(path, rate):
            return (second.copy() for _ in range(8))

        def peak(tracks: int) -> int:
            tracemalloc.start()
            found = [survey(Track(Path("x"), "", "x", None), RATE, blocks_of) for _ in range(tracks)]
            frames = sum(len(block) for block in render(plan_mix(found, RATE, 2), blocks_of))
            assert frames == (8 * tracks - 2 * (tracks - 1)) * RATE
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return most

        peak(1)  # what is imported then is no part of it
        assert peak(8) < 1.05 * peak(3)

    def test_silence_takes_the_place_of_what_is_lost(self):
        """A file that was cut short, or is gone, between measuring and rendering."""
        sounds = {"one": self.SOUNDS["low"], "two": self.SOUNDS["high"][:RATE], "three": self.SOUNDS["mid"]}
        mix = plan_mix([measured(round(2.5 * RATE), name=name) for name in sounds], RATE, 0.5)
        told = []
        samples = rendered(mix, sounds, short=lambda part, reason: told.append((part.track.title, reason)))
        assert told == [("two", "it is shorter than when it was measured")]
        assert len(samples) == mix.frames
        assert not samples[round(3.1 * RATE) : round(3.9 * RATE)].any()

        def gone(path, rate):
            raise AudioError("No such file or directory")
            yield

        told.clear()
        list(render(mix, gone, short=lambda part, reason: told.append(reason)))
        assert told == ["No such file or directory"] * 3


class TestSurvey:
    @staticmethod
    def survey(samples: np.ndarray) -> Measured:
        return survey(Track(Path("x"), "", "", None), RATE, lambda path, rate: [samples])

    def test_silence_at_both_ends_is_no_part_of_a_track(self):
        music = tone(440, 3)
        silence = np.zeros((RATE, 2), np.float32)
        alone, framed = self.survey(music), self.survey(np.concatenate([silence, music, silence, silence]))
        assert framed.first == pytest.approx(RATE, abs=RATE // 100)
        assert framed.frames == pytest.approx(3 * RATE, abs=RATE // 50)
        assert framed.loudness == pytest.approx(alone.loudness, abs=0.2)

    def test_a_fade_out_is_kept_until_it_cannot_be_heard(self):
        music = tone(440, 6, 0.9) * np.exp(-np.arange(6 * RATE) / RATE * 1.5)[:, None].astype(np.float32)
        assert self.survey(music).frames / RATE == pytest.approx(np.log(1000) / 1.5, abs=0.03)

    def test_one_sample_is_a_track_if_it_is_heard(self):
        assert self.survey(np.full((1, 2), 0.5, np.float32)).frames == 1

    @pytest.mark.parametrize(
        ("samples", "reason"),
        [
            (np.zeros((RATE, 2)), "it is silent"),
            (np.zeros((0, 2)), "no readable"),
        ],
    )
    def test_where_there_is_nothing_to_hear(self, samples, reason):
        with pytest.raises(AudioError, match=reason):
            self.survey(samples.astype(np.float32))

    def test_the_loudness_that_was_planned_is_what_is_heard(self):
        sounds = {"loud": tone(1000, 8, 0.9), "quiet": tone(700, 8, 0.05), "middling": tone(300, 8, 0.3)}
        tracks = [survey(Track(Path(n), "", n, None), RATE, lambda path, rate: [sounds[path.name]]) for n in sounds]
        mix = plan_mix(tracks, RATE, 2)
        samples = rendered(mix, sounds)
        for part in mix.parts:
            middle = samples[part.start + 2 * RATE : part.start + part.frames - 2 * RATE]
            assert integrated_loudness(measure([middle], RATE).energy) == pytest.approx(TARGET, abs=0.1)
