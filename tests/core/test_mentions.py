"""Plays become lists."""

from deejai_core.history.mentions import SESSION_GAP, sessions


def cut(*plays):
    return ["".join(songs) for _, songs in sessions((at, song) for song, at in plays)]


def test_a_session_ends_with_a_long_pause():
    assert cut(("A", 0), ("B", 200), ("C", 200 + SESSION_GAP + 1), ("A", 3000)) == ["AB", "CA"]


def test_the_gap_itself_still_joins():
    assert cut(("A", 0), ("B", SESSION_GAP)) == ["AB"]


def test_a_song_on_repeat_is_listed_once_until_another_comes():
    assert cut(("A", 0), ("A", 200), ("B", 400), ("A", 600)) == ["ABA"]


def test_a_song_on_repeat_keeps_its_session_going():
    assert cut(("A", 0), ("A", SESSION_GAP), ("B", 2 * SESSION_GAP)) == ["AB"]


def test_no_plays_are_no_sessions():
    assert cut() == []


def test_a_session_knows_when_it_began():
    assert list(sessions([(1_330_000_000, "A"), (1_330_000_200, "B")])) == [(1_330_000_000, ["A", "B"])]
