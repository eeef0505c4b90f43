"""Any audio file as stereo samples of one rate."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.audio.stereo import rechunked, stereo_blocks
from deejai_core.errors import AudioError, UnavailableError
from tests.sounds import chirp, write_audio

RATE = 44_100


def read(path, rate: int = RATE) -> np.ndarray:
    blocks = list(stereo_blocks(path, rate))
    assert all(len(block) == rate for block in blocks[:-1])
    return np.concatenate(blocks)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_what_is_stereo_and_lossless_comes_as_it_is(tmp_path, suffix):
    samples = chirp(1.5, RATE, 2) * np.array([1, -0.5], np.float32)
    assert np.abs(read(write_audio(tmp_path / f"a{suffix}", samples, RATE)) - samples).max() < 1 / 32768


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".m4a", ".opus", ".wma"])
def test_what_is_lossy_comes_at_its_length(tmp_path, suffix):
    rate = 48_000 if suffix == ".opus" else RATE
    samples = read(write_audio(tmp_path / f"a{suffix}", chirp(2, rate, 2), rate))
    assert len(samples) / RATE == pytest.approx(2, abs=0.1)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("channels", [1, 3, 5, 6, 8, 11])
def test_any_number_of_channels_becomes_two_alike(tmp_path, channels):
    samples = read(write_audio(tmp_path / "a.wav", chirp(0.5, RATE, channels), RATE))
    assert samples.shape == (RATE // 2, 2)
    assert 0.3 < np.abs(samples).max() < 2  # of channels that are alike, mixing down makes a sum
    assert channels not in (1, 11) or np.array_equal(samples[:, 0], samples[:, 1])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [2, 11])
def test_samples_of_any_kind_have_one_scale(tmp_path, subtype, channels):
    samples = read(write_audio(tmp_path / "a.wav", chirp(0.5, RATE, channels), RATE, subtype))
    assert np.abs(samples - chirp(0.5, RATE, 2)).max() < 0.02


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000, 192_000])
def test_rates_are_converted_without_a_trace(tmp_path, rate):
    samples = read(write_audio(tmp_path / "a.wav", chirp(1, rate, 2), rate))
    ideal = chirp(1, RATE, 2)
    assert len(samples) == pytest.approx(RATE, abs=2)
    inside = slice(2000, 40_000)  # the chirp does not begin and end gently
    assert np.abs(samples[inside] - ideal[inside]).max() < 1e-3


def test_a_file_whose_rate_changes_on_the_way(tmp_path):
    """As when files are joined byte by byte."""
    both = tmp_path / "both.mp3"
    parts = [write_audio(tmp_path / f"{rate}.mp3", chirp(1, rate, 2), rate) for rate in (44_100, 32_000)]
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(read(both)) / RATE == pytest.approx(2, abs=0.15)


def test_what_is_no_number_does_not_spread(tmp_path):
    samples = chirp(1, 48_000, 2)
    samples[100:110] = np.nan
    samples[200] = np.inf
    after = read(write_audio(tmp_path / "a.wav", samples, 48_000, "FLOAT"))
    assert np.isfinite(after).all()
    assert np.abs(after[2000:40_000] - chirp(1, RATE, 2)[2000:40_000]).max() < 1e-3


def test_what_comes_before_the_damage_is_kept(tmp_path):
    path = write_audio(tmp_path / "a.flac", chirp(4, RATE, 2), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 1 < len(read(path)) / RATE < 3


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "text.mp3").write_text("no music")
    with pytest.raises(AudioError):
        read(tmp_path / "text.mp3")
    with pytest.raises(UnavailableError):
        read(tmp_path / "missing.mp3")


@pytest.mark.parametrize("sizes", [[], [0], [3], [7, 0, 1, 20], [1] * 13])
def test_blocks_of_one_size(sizes):
    samples = np.arange(2 * sum(sizes)).reshape(-1, 2)
    blocks = list(rechunked(np.split(samples, np.cumsum(sizes))[: len(sizes)], 3))
    assert [len(block) for block in blocks] == [3] * (len(samples) // 3) + ([len(samples) % 3] if len(samples) % 3 else [])
    assert np.array_equal(np.concatenate([samples[:0], *blocks]), samples)
