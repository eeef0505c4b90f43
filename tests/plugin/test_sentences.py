"""`beet deejai similar "calm piano for a rainy evening"`: lists from a sentence."""

from __future__ import annotations

import shlex
import subprocess
import sys

import numpy as np
import pytest

from deejai_core.models.musicnn.tags import MSD_TAGS
from tests.browsing import expect, title
from tests.djpage import Page
from tests.plugin.test_lists import names
from tests.plugin.test_playlists import files, picks
from tests.plugin.test_tags import give, probabilities

CALM = "calm piano for a rainy evening"


def seeds(result) -> list[str]:
    return [line.split(" - ", 1)[1] for line in result.lines if line.startswith("seed")]


def test_it_starts_from_what_sounds_so_and_says_what_it_understood(tagged):
    result = tagged.deejai("similar", CALM, "-n", "2")
    assert len(seeds(result)) == 3
    assert len(picks(result)) == 2
    said = "starting from what sounds most like low energy, instrumental, low valence"
    assert f"no track is called '{CALM}': {said}" in result.lines
    assert "Not used, because no tag stands for them: evening." in result.lines
    assert seeds(tagged.deejai("similar", *CALM.split(), "-n", "2")) == seeds(result)


def test_what_is_not_wanted_is_subtracted(tagged):
    titles = tagged.run("ls", "-f", "$title", "id+").lines
    rock = probabilities(tagged)[:, MSD_TAGS.names.index("rock")]
    result = tagged.deejai("similar", "please, no rock", "-n", "1")
    assert seeds(result) == [titles[number] for number in np.argsort(rock, kind="stable")[:3]]
    assert "no track is called 'please, no rock': starting from what sounds most like -rock" in result.lines


def test_all_of_the_list_leans_to_it(tagged):
    for name in ("Anvil", "Margin", "Breaker"):
        give(tagged, name, catchy=0.9)
    by_tag = tagged.deejai("similar", "catchy", "-n", "3")  # which says only where the list begins
    last = names(by_tag)[-1]
    give(tagged, last, metal=0.9)
    assert picks(tagged.deejai("similar", "catchy", "-n", "3")) == picks(by_tag)
    result = tagged.deejai("similar", "catchy, no metal", "-n", "3")
    assert seeds(result) == seeds(by_tag)
    assert last not in names(result)


def test_titles_and_queries_win(tagged):
    tagged.run("modify", "-yMW", "title:Kettle", f"title={CALM}")
    assert seeds(tagged.deejai("similar", CALM, "-n", "1")) == [CALM]
    assert seeds(tagged.deejai("similar", "calm", "rainy", "-n", "1")) == [CALM]
    by_words = tagged.deejai("similar", "--words", CALM, "-n", "1")
    assert len(seeds(by_words)) == 3
    assert f"{CALM}: starting from what sounds most like low energy, instrumental, low valence" in by_words.lines


@pytest.mark.parametrize(
    ("change", "typed", "meant"),
    [
        (("title:Kettle", "title=Angry Guitar"), ["angry guitars"], "Angry Guitar"),
        (("title:Kettle", "title=Hey Jude"), ["Hey", "Dude"], "Hey Jude"),
        (("artist:Nave", "artist=The Calm Pianos"), ["the warm pianos"], "The Calm Pianos"),
    ],
    ids=["a title", "in two words", "an artist"],
)
def test_a_name_that_is_misspelt_is_asked_back(tagged, change, typed, meant):
    query, value = change
    tagged.run("modify", "-yMW", query, value)
    error = tagged.deejai("similar", *typed, status=1).err
    assert f"did you mean '{meant}'?" in error
    assert len(error.splitlines()) == 1


def test_the_question_names_the_way_out(tagged):
    tagged.run("modify", "-yMW", "title:Kettle", "title=Angry Guitar")
    error = tagged.deejai("similar", "angry guitars", status=1).err
    way_out = "(--words takes the words as a description of sound)"
    assert error == f"error: no track matches 'angry guitars'; did you mean 'Angry Guitar'? {way_out}\n"
    assert len(seeds(tagged.deejai("similar", "--words", "angry guitars", "-n", "1"))) == 3
    assert "--words" not in tagged.deejai("similar", "Anvli", status=1).err  # no word


def test_a_word_that_is_not_known(tagged):
    error = tagged.deejai("similar", "calm pianoo", status=1).err
    assert error == (
        "error: no track matches 'calm pianoo'; as a description of sound, it has unknown words ('pianoo'); "
        "--words skips them\n"
    )
    result = tagged.deejai("similar", "--words", "calm pianoo", "-n", "1")
    assert "calm pianoo: starting from what sounds most like low energy" in result.lines
    assert "Unknown words: pianoo." in result.lines


def test_words_that_say_nothing_of_sound(tagged):
    error = tagged.deejai("similar", "yellow submarine", status=1).err
    assert error == "error: no track matches 'yellow submarine'; `beet ls` shows what a query finds\n"
    error = tagged.deejai("similar", "--words", "yellow submarine", status=1).err
    assert error == "error: no word of 'yellow submarine' is known to describe how music sounds\n"
    error = tagged.deejai("similar", "--words", " ", status=1).err
    assert error == "error: the description is empty; give words such as 'calm piano'\n"


def test_without_tags_it_says_what_to_do(analysed):
    for words in ([CALM], ["--words", CALM]):
        error = analysed.deejai("similar", *words, status=1).err
        assert "a description of sound needs tags to go by; run `beet deejai tag`" in error
        assert len(error.splitlines()) == 1


def test_only_among_what_may_be_picked(tagged):
    result = tagged.deejai("similar", CALM, "-n", "1", "--from", "artist:Iron Kettle")
    assert {line.split(" - ")[0] for line in result.lines if line.startswith("seed")} == {"seed        Iron Kettle"}


def test_albums(tagged):
    result = tagged.deejai("similar", "-a", CALM, "-n", "1")
    assert f"no album is called '{CALM}': " in result.out
    assert len(seeds(result)) == 3


def test_recipes_and_named_playlists_make_it_again(tagged):
    first, second = tagged.folder / "first.m3u", tagged.folder / "second.m3u"
    tagged.deejai("similar", "--words", CALM, "-n", "3", "-o", first)
    recipe = first.read_text().splitlines()[2].removeprefix("# ")
    assert "similar --words " in recipe
    tagged.run(*shlex.split(recipe)[1:], "-o", second)
    assert files(second) == files(first)
    tagged.configure(playlists=[{"name": "Calm", "similar": [CALM], "words": True, "number": 3}])
    tagged.deejai("playlists")
    assert files(tagged.folder / "playlists/Calm.m3u") == files(first)


def test_the_page_begins_with_what_sounds_so(visit, tagged_library):
    with Page(tagged_library.folder) as server:
        page = visit(server)
        page.get_by_label("Search the library").fill(CALM)
        found = page.locator("#found [role=option]")
        sound = found.filter(has_text="Sounds like this · 3 songs")
        expect(sound).to_contain_text("low energy, instrumental, low valence")
        likest = found.nth(0).locator(".name").inner_text()
        sound.click()
        expect(page.locator("#coming li")).to_have_count(10)
        page.locator("#play").click()
        assert title(page) == likest


def test_other_commands_do_not_open_the_words(tagged):
    code = "import sys, beets.ui\nbeets.ui._raw_main(['ls', 'deejai_energy:0.5..'])\nprint(*sys.modules)"
    env = {"BEETSDIR": str(tagged.folder), "PATH": ""}
    loaded = subprocess.check_output([sys.executable, "-c", code], env=env, text=True).split()
    assert "beetsplug.deejai" in loaded
    assert not [name for name in loaded if name.startswith("deejai_core.sentences")]
