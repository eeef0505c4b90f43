"""Last.fm, as its real client sees it, spoken by a server on this machine."""

from __future__ import annotations

from itertools import chain, islice

import pytest

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import Mention, Play
from deejai_core.history.sources.lastfm import INTERVAL, LATE, PAGE, WAITS, LastFm
from tests.scrobbler import KEY, Scrobbler, cutting, failing, garbling, played, refusing, say, serving, tracks, well

pytest.importorskip("pylast")

START = 1_330_000_000
MANY = [(START + 200 * at, f"Artist {at % 7}", f"Song {at}") for at in range(2 * PAGE + 50)]  # three pages


@pytest.fixture
def scrobbler():
    with serving(Scrobbler()) as scrobbler:
        yield scrobbler


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def lastfm(scrobbler, pauses, warnings):
    def make(user="rj", key=KEY) -> LastFm:
        return LastFm(user, key, server=scrobbler.url, on_warning=warnings.append, pause=pauses.append)

    return make


def titles(plays) -> list[str]:
    return [play.song.title for play in plays]


def store(stored: dict, pages) -> None:
    """As a caller keeps plays: page by page, none twice."""
    for page in pages:
        stored |= {(play.at, play.song): play for play in page}


def stored_titles(stored: dict) -> list[str]:
    return titles(sorted(stored.values(), key=lambda play: play.at))


def test_scrobbles_come_in_pages_the_oldest_first(scrobbler, lastfm):
    scrobbler.scrobbles = MANY
    pages = list(lastfm().scrobbles())
    assert [len(page) for page in pages] == [50, PAGE, PAGE]
    assert titles(chain(*pages)) == [title for _, _, title in MANY]
    assert pages[0][0] == Play(Mention("Artist 0", "Song 0", "Album"), START)


def test_what_is_playing_now_is_no_play_yet(scrobbler, lastfm):
    scrobbler.scrobbles = MANY[:3]
    scrobbler.now_playing = ("Artist", "Now")
    assert [titles(page) for page in lastfm().scrobbles()] == [["Song 0", "Song 1", "Song 2"]]


def test_nobody_listened(lastfm):
    assert list(lastfm().scrobbles()) == []
    assert lastfm().loved().songs == lastfm().top().songs == ()


def test_an_interrupted_fetch_goes_on_without_a_gap(scrobbler, lastfm):
    scrobbler.scrobbles = [(START + 5 * 24 * 3600 * at, "Artist", f"Song {at}") for at in range(3 * PAGE)]  # eight years
    stored = {}
    store(stored, islice(lastfm().scrobbles(), 1))
    newest = max(at for at, _ in stored)
    assert len(stored) == PAGE
    scrobbler.asked.clear()
    store(stored, lastfm().scrobbles(newest))
    assert stored_titles(stored) == [title for _, _, title in scrobbler.scrobbles]
    assert scrobbler.pages == [3, 2, 1]  # of what is new, and the two weeks before it


def test_a_failure_half_way_is_an_interruption_too(scrobbler, lastfm):
    scrobbler.scrobbles = MANY
    scrobbler.moods = [well, well, refusing(17, "Login: User required to be logged in")]
    stored = {}
    with pytest.raises(HistoryError):
        store(stored, lastfm().scrobbles())
    assert len(stored) == 50
    store(stored, lastfm().scrobbles(max(at for at, _ in stored)))
    assert stored_titles(stored) == [title for _, _, title in MANY]


def test_a_later_run_only_fetches_what_is_new(scrobbler, lastfm):
    old = [(at - 3 * LATE, artist, title) for at, artist, title in MANY]
    scrobbler.scrobbles = [*old, (START, "Artist", "New")]
    assert [titles(page) for page in lastfm().scrobbles(START - LATE // 2)] == [["New"]]
    assert scrobbler.pages == [1]


def test_plays_handed_in_late_are_found_by_the_next_run(scrobbler, lastfm):
    scrobbler.scrobbles = MANY[:10]
    stored = {}
    store(stored, lastfm().scrobbles())
    scrobbler.scrobbles = [*MANY[:10], (MANY[5][0] + 1, "Artist", "On the train")]
    store(stored, lastfm().scrobbles(MANY[9][0]))
    assert len(stored) == 11


def test_new_scrobbles_while_paging_are_left_for_the_next_run(scrobbler, lastfm):
    scrobbler.scrobbles = list(MANY)
    now = MANY[-1][0] + 1
    pages = []
    for page in lastfm().scrobbles(until=now):
        pages.append(page)
        scrobbler.scrobbles += [(now + 200 * at, "Artist", "New") for at in range(30)]
    assert titles(chain(*pages)) == [title for _, _, title in MANY]


@pytest.mark.parametrize("first", [0, PAGE + 70], ids=["before what was given", "after it"])
def test_pages_that_move_lose_nothing(scrobbler, lastfm, first):
    """A phone hands in an old evening between two pages."""
    scrobbler.scrobbles = list(MANY)
    late = [(MANY[first + at][0] + 1, "Artist", f"Late {at}") for at in range(30)]
    stored = {}
    for number, page in enumerate(lastfm().scrobbles()):
        store(stored, [page])
        if number == 0:
            scrobbler.scrobbles += late
    assert {title for _, _, title in MANY} <= set(stored_titles(stored))
    if first:
        assert {title for _, _, title in late} <= set(stored_titles(stored))


def test_scrobbles_that_are_deleted_while_paging_take_no_others_along(scrobbler, lastfm):
    scrobbler.scrobbles = list(MANY)
    stored = {}
    for number, page in enumerate(lastfm().scrobbles()):
        store(stored, [page])
        if number == 0:
            del scrobbler.scrobbles[-40:-20]
    assert {title for _, _, title in scrobbler.scrobbles} <= set(stored_titles(stored))


def test_a_server_that_counts_differently_each_time_does_not_keep_us(scrobbler, lastfm):
    scrobbler.scrobbles = MANY
    numbers = iter(range(1000, 2000))

    def fickle(handler) -> bool:
        say(handler, 200, tracks("recenttracks", [played("Artist", "Song", START)], 1, PAGE, next(numbers)))
        return True

    scrobbler.moods = [fickle] * 1000
    assert sum(1 for _ in lastfm().scrobbles()) < 10


def test_a_wrong_clock_does_not_hide_what_comes_after(scrobbler, lastfm):
    scrobbler.scrobbles = [*MANY[:2], (START * 2, "Artist", "From the future")]
    assert titles(chain(*lastfm().scrobbles(until=START + 10_000))) == ["Song 0", "Song 1"]


def test_many_plays_in_one_second(scrobbler, lastfm):
    """As some importers leave them."""
    scrobbler.scrobbles = [(START, "Artist", f"Song {at}") for at in range(PAGE + 10)]
    stored = {}
    store(stored, islice(lastfm().scrobbles(), 1))
    store(stored, lastfm().scrobbles(START))
    assert len(stored) == PAGE + 10


@pytest.mark.parametrize(
    "mood",
    [
        failing(500),
        failing(502),
        failing(503),
        failing(200),  # a page of a proxy
        failing(200, ""),
        failing(200, '<?xml version="1.0"?><lfm status="ok"></lfm>'),
        failing(200, '<?xml version="1.0"?><lfm status="failed"><error code="8"></error></lfm>'),
        refusing(8, "Operation failed - Most likely the backend service failed. Please try again.", 500),
        refusing(11, "Service Offline - This service is temporarily offline. Try again later."),
        refusing(16, "The service is temporarily unavailable, please try again."),
        refusing(29, "Rate Limit Exceeded - Your IP has made too many requests in a short period", 429),
        cutting,
    ],
)
def test_what_passes_is_waited_for(scrobbler, lastfm, pauses, mood):
    scrobbler.scrobbles = MANY
    scrobbler.moods = [well, well, mood, mood]
    assert titles(chain(*lastfm().scrobbles())) == [title for _, _, title in MANY]
    assert [pause for pause in pauses if pause >= WAITS[0]] == list(WAITS[:2])


def test_what_does_not_pass_is_said_in_one_line(scrobbler, lastfm, pauses):
    scrobbler.moods = [failing(503)] * 100
    with pytest.raises(HistoryError, match=r"^Last\.fm does not answer \(.*503\); try again later$"):
        list(lastfm().scrobbles())
    assert len(scrobbler.asked) == len(WAITS) + 1
    assert pauses[1:] == list(WAITS)


def test_without_a_network(pauses):
    nowhere = LastFm("rj", KEY, server="http://127.0.0.1:9/2.0/", pause=pauses.append)
    with pytest.raises(HistoryError, match=r"^Last\.fm does not answer \(.*\); try again later$"):
        nowhere.top()


NEVER_SENT = "left out, because it never sends them in a readable form"


@pytest.mark.parametrize(
    ("spoilt", "mood"),
    [
        ([0], garbling),
        ([449], garbling),  # the newest
        ([100, *range(300, 307)], garbling),
        ([420], cutting),
        ([420], failing(500)),
        ([420], refusing(8, "Operation failed")),
    ],
)
def test_a_play_that_never_comes_blocks_no_others(scrobbler, lastfm, warnings, spoilt, mood):
    scrobbler.scrobbles = MANY
    scrobbler.spoilt = {f"Song {at}": mood for at in spoilt}
    pages = list(lastfm().scrobbles())
    assert titles(chain(*pages)) == [title for _, _, title in MANY if title not in scrobbler.spoilt]
    assert warnings == [f"Last.fm: {len(spoilt)} play{'s' if len(spoilt) > 1 else ''} of rj {NEVER_SENT}"]


def test_a_song_that_never_comes_is_left_out_of_lists(scrobbler, lastfm, warnings):
    scrobbler.loved = scrobbler.top = [("Artist", f"Song {at}") for at in range(PAGE + 5)]
    scrobbler.spoilt = {"Song 7": garbling}
    others = [title for _, title in scrobbler.loved if title != "Song 7"]
    assert [song.title for song in lastfm().loved().songs] == others
    assert [song.title for song in lastfm().top().songs] == others
    assert warnings == [f"Last.fm: 1 song of rj {NEVER_SENT}"] * 2


@pytest.mark.parametrize("mood", [failing(200), failing(503)], ids=["garbled", "failing"])
@pytest.mark.parametrize("after", [2, 3, 9])
def test_a_service_that_goes_down_takes_no_plays_along(scrobbler, lastfm, warnings, mood, after):
    """They are there when it is back."""
    scrobbler.scrobbles = MANY
    scrobbler.spoilt = {"Song 420": garbling}
    scrobbler.moods = [well] * after + [mood] * 1000
    stored = {}
    with pytest.raises(HistoryError, match="does not answer"):
        store(stored, lastfm().scrobbles())
    scrobbler.moods = []
    store(stored, lastfm().scrobbles(max((at for at, _ in stored), default=None)))
    assert stored_titles(stored) == [title for _, _, title in MANY if title != "Song 420"]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        (6, "User not found", "Last.fm knows no user 'rj'"),
        (
            10,
            "Invalid API key",
            "Last.fm refuses the API key (Invalid API key); see https://www.last.fm/api/account/create",
        ),
        (
            26,
            "Suspended API key",
            "Last.fm refuses the API key (Suspended API key); see https://www.last.fm/api/account/create",
        ),
        (
            17,
            "Login: User required to be logged in",
            "Last.fm: the recent tracks of 'rj' are hidden; show them at https://www.last.fm/settings/privacy",
        ),
        (6, "page param out of bounds", "Last.fm: page param out of bounds (error 6)"),
        (13, "Invalid method\n signature", "Last.fm: Invalid method  signature (error 13)"),
    ],
)
def test_refusals_are_not_repeated(scrobbler, lastfm, code, message, line):
    scrobbler.moods = [refusing(code, message, 403)] * 10
    with pytest.raises(HistoryError) as caught:
        list(lastfm().scrobbles())
    assert str(caught.value) == line
    assert len(scrobbler.asked) == 1


def test_the_server_itself_refuses_keys_and_users(lastfm):
    with pytest.raises(HistoryError, match="refuses the API key"):
        lastfm(key="wrong").loved()
    with pytest.raises(HistoryError, match="knows no user 'nobody'"):
        lastfm(user="nobody").top()


def test_the_key_is_in_no_message(scrobbler, lastfm):
    scrobbler.moods = [cutting] * 100
    with pytest.raises(HistoryError) as caught:
        list(lastfm().scrobbles())
    assert KEY not in str(caught.value)


def test_no_more_than_five_requests_a_second(scrobbler, lastfm, pauses):
    scrobbler.scrobbles = MANY
    list(lastfm().scrobbles())
    assert len(pauses) == len(scrobbler.asked) == 4
    assert pauses[0] == 0
    assert all(INTERVAL / 2 < pause <= INTERVAL for pause in pauses[1:])  # the pauses are not made here, only asked for


def test_loved_songs_are_a_list_in_the_order_they_came(scrobbler, lastfm):
    scrobbler.loved = [("Artist", f"Song {at}") for at in range(PAGE + 5)]
    listing = lastfm().loved()
    assert listing.name == "Last.fm: loved by rj"
    assert [song.title for song in listing.songs] == [title for _, title in scrobbler.loved]


@pytest.mark.parametrize(("limit", "pages"), [(3, 1), (PAGE, 1), (PAGE + 1, 2), (1000, 2)])
def test_top_songs_are_a_list_the_most_played_first(scrobbler, lastfm, limit, pages):
    scrobbler.top = [("Artist", f"Song {at}") for at in range(PAGE + 5)]
    assert [song.title for song in lastfm().top(limit).songs] == [title for _, title in scrobbler.top][:limit]
    assert scrobbler.pages == list(range(1, pages + 1))


@pytest.mark.parametrize(
    ("track", "plays"),
    [
        (played("Sigur Rós", "Glósóli", START), [Play(Mention("Sigur Rós", "Glósóli", "Album"), START)]),
        (played("Simon &amp; Garfunkel", "A<B", START), [Play(Mention("Simon & Garfunkel", "A<B", "Album"), START)]),
        (
            played("A", "B", START, mbid="0FBD6A97-051c-34aa-aa30-daf79375f4be", album=""),
            [Play(Mention("A", "B", "", "0fbd6a97-051c-34aa-aa30-daf79375f4be"), START)],
        ),
        (played("A", "B", START, mbid="no id"), [Play(Mention("A", "B", "Album"), START)]),
        (played("", "B", START), []),
        (played("A", "", START), []),
        (played("A", "B", 0), []),
        (played("A", "B", 10**30), []),
        ("<track/>", []),
        ("<track><date/></track>", []),
    ],
)
def test_odd_scrobbles(scrobbler, lastfm, track, plays):
    reply = tracks("recenttracks", [track], 1, PAGE, 1)
    scrobbler.moods = [failing(200, reply), failing(200, reply)]
    assert list(chain(*lastfm().scrobbles(until=START + 1))) == plays


def test_the_environment_can_name_another_server(scrobbler, monkeypatch):
    monkeypatch.setenv("DEEJAI_LASTFM_SERVER", scrobbler.url)
    scrobbler.top = [("Artist", "Song")]
    assert LastFm("rj", KEY).top().songs == (Mention("Artist", "Song"),)
