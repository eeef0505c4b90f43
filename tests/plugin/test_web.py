"""The DJ page in a real browser: what a listener does, and sees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import mutagen.flac

from tests.browsing import begin, coming, expect, play, settled, shot, title, until_played
from tests.djpage import Page


def test_search_and_play_on_and_on(visit, server):
    page = visit(server)
    shot(page, "desktop-welcome")
    expect(page.get_by_text("24 songs are ready.")).to_be_visible()
    page.get_by_label("Search the library").fill("e")
    expect(page.locator("#found [role=option]").nth(3)).to_be_visible()
    shot(page, "desktop-search")
    page.get_by_label("Search the library").fill("october")
    expect(page.locator("#found [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("October Bread")
    expect(page.locator("#artist")).to_have_text("Hazel & Thorn")
    expect(page.locator("#coming li")).to_have_count(10)
    until_played(page, 1)  # it sounds
    assert re.fullmatch(r"0\.\d\d", page.locator("#coming .likeness").first.inner_text())
    shot(page, "desktop")
    # It goes on by itself to what was announced.
    announced = coming(page)[0]
    page.locator("#seek").evaluate("seek => { seek.value = 900; seek.dispatchEvent(new Event('change')); }")
    expect(page.locator("#title")).to_have_text(announced)
    expect(page.locator("#coming li")).to_have_count(10)
    assert announced not in coming(page)
    assert "October Bread" not in coming(page)
    until_played(page, 1)


def test_next_previous_and_jump(visit, server):
    page = visit(server)
    begin(page, "kettle hazel")
    first, (second, third, fourth, *_) = title(page), coming(page)
    page.locator("#next").click()
    expect(page.locator("#title")).to_have_text(second)
    page.locator("#previous").click()
    expect(page.locator("#title")).to_have_text(first)
    expect(page.locator("#coming .name").first).to_have_text(second)
    page.locator("#play").click()
    assert coming(page)[:3] == [second, third, fourth]
    page.locator("#coming .go").nth(2).click()
    expect(page.locator("#title")).to_have_text(fourth)
    expect(page.locator("#coming li")).to_have_count(10)


def test_it_never_ends(visit, server):
    """With more skips than there are songs, what was played long ago comes again."""
    page = visit(server)
    play(page, "aisle")
    for _ in range(40):
        expect(page.locator("#coming li").nth(3)).to_be_visible()
        before = title(page)
        page.keyboard.press("n")
        expect(page.locator("#title")).not_to_have_text(before)
    expect(page.locator("#coming li").nth(3)).to_be_visible()


def test_remove_and_pin(visit, server):
    page = visit(server)
    begin(page, "breaker")
    unwanted, *_, pinned = coming(page)[:5]
    page.get_by_role("button", name=f"Remove {unwanted}").click()
    expect(page.locator("#coming li")).to_have_count(10)
    assert unwanted not in coming(page)
    page.get_by_role("button", name=f"Pin {pinned}", exact=True).click()
    settled(page)
    expect(page.locator("#followed .name")).to_have_text(["Breaker", pinned])
    # Whatever is changed now, it stays where it is, and the removed one away.
    at = coming(page).index(pinned)
    page.locator("#drunk").evaluate("knob => { knob.value = 1; knob.dispatchEvent(new Event('input')); }")
    settled(page)
    assert coming(page).index(pinned) == at
    assert unwanted not in coming(page)
    page.get_by_role("button", name=f"Stop following {pinned}").click()
    expect(page.locator("#followed .name")).to_have_text(["Breaker"])


def test_knobs_and_rules_act_on_what_comes(visit, server):
    page = visit(server)
    begin(page, "october")
    before = coming(page)
    page.locator("#drunk").evaluate("knob => { knob.value = 1; knob.dispatchEvent(new Event('input')); }")
    expect(page.locator("#drunk-told")).to_have_text("legless")
    settled(page)
    assert coming(page) != before
    assert title(page) == "October Bread"
    page.locator("#drunk").evaluate("knob => { knob.value = 0; knob.dispatchEvent(new Event('input')); }")
    settled(page)
    assert coming(page) == before
    page.locator("#stay").evaluate("knob => { knob.value = 0; knob.dispatchEvent(new Event('input')); }")
    expect(page.locator("#stay-told")).to_have_text("wanders off")
    settled(page)
    assert coming(page) != before
    page.locator("#stay").evaluate("knob => { knob.value = 0.4; knob.dispatchEvent(new Event('input')); }")
    settled(page)
    assert coming(page) == before
    page.locator("#rules summary").click()
    page.get_by_label("Only from").fill("artist:Nave")
    page.keyboard.press("Tab")
    expect(page.locator("#coming li")).to_have_count(4)
    expect(page.locator("#short")).to_be_visible()
    shot(page, "desktop-rules")
    expect(page.get_by_role("combobox", name="Mood")).to_be_hidden()  # nothing is tagged
    page.get_by_role("button", name="Take songs from the whole library").click()
    expect(page.locator("#coming li")).to_have_count(10)
    expect(page.locator("#short")).to_be_hidden()
    page.get_by_label("Only from").fill("artist:nobody")
    page.keyboard.press("Tab")
    expect(page.locator("#notice")).to_contain_text("No analysed song matches “artist:nobody”.")
    page.get_by_label("Only from").fill("")
    page.get_by_label("Same artist again").select_option("once")
    expect(page.locator("#coming li").nth(4)).to_be_visible()
    settled(page)
    artists = page.locator("#coming .told .faint").all_inner_texts()
    assert len(set(artists[:5])) == 5
    # Where a rule had to give way, it is said in words.
    expect(page.locator("#coming li").nth(7)).to_contain_text("although it is too close to another track by its artist")


def test_less_like_this(visit, server):
    page = visit(server)
    begin(page, "october")
    before = coming(page)
    page.get_by_label(f"Less like {before[1]}").click()
    expect(page.locator("#less .name")).to_have_text([before[1]])
    settled(page)
    assert before[1] not in coming(page)
    shot(page, "desktop-less")
    page.get_by_label(f"No longer less like {before[1]}").click()
    expect(page.locator("#unliked")).to_be_hidden()
    settled(page)
    assert coming(page) == before


def test_where_songs_no_longer_sound_alike_it_is_said(visit, server):
    page = visit(server)
    begin(page, "aisle")
    likeness = page.locator("#coming .likeness").all_inner_texts()
    first = next(place for place, number in enumerate(likeness) if float(number) < 0.3)
    expect(page.locator("#unlike")).to_contain_text(coming(page)[first])
    shot(page, "desktop-unlike")
    page.locator("#drunk").evaluate("knob => { knob.value = 1; knob.dispatchEvent(new Event('input')); }")
    settled(page)
    expect(page.locator("#unlike")).to_be_hidden()  # they are asked to stray


def test_a_round_trip(visit, server):
    page = visit(server)
    page.get_by_text("Journey", exact=True).click()
    for words in ("october", "vault", "october"):
        page.get_by_label("Search the library").fill(words)
        expect(page.locator("#found [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")
    page.get_by_label("Songs between").fill("3")
    page.get_by_role("button", name="Start the journey").click()
    expect(page.locator("#title")).to_have_text("October Bread")
    expect(page.locator("#coming li")).to_have_count(10)
    assert [coming(page)[place] for place in (3, 7)] == ["Vault", "October Bread"]
    assert "October Bread" not in [*coming(page)[:7], *coming(page)[8:]]


def test_journey(visit, server):
    page = visit(server)
    page.get_by_text("Journey", exact=True).click()
    for words in ("october", "high score", "vault"):
        page.get_by_label("Search the library").fill(words)
        expect(page.locator("#found [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")
    expect(page.locator("#waypoints .name")).to_have_text(["October Bread", "High Score", "Vault"])
    page.get_by_label("Songs between").fill("3")
    shot(page, "desktop-journey")
    page.get_by_role("button", name="Start the journey").click()
    expect(page.locator("#title")).to_have_text("October Bread")
    expect(page.locator("#coming li")).to_have_count(10)
    assert [coming(page)[place] for place in (3, 7)] == ["High Score", "Vault"]
    expect(page.locator("#coming .stop")).to_have_count(2)
    shot(page, "desktop-journey-plays")


def test_save(visit, server, web_library):
    page = visit(server)
    begin(page, "rust")
    page.keyboard.press("s")
    name = page.get_by_label("Name")
    expect(name).to_have_value("Like Iron Kettle - Rust")
    shot(page, "desktop-save")
    page.get_by_role("button", name="Save in the playlist folder").click()
    expect(page.locator("#saved")).to_contain_text("11 tracks written to")
    written = (web_library.folder / "playlists" / "Like Iron Kettle - Rust.m3u").read_text()
    assert written.count("#EXTINF") == 11
    page.get_by_role("button", name="Save in the playlist folder").click()
    expect(page.locator("#saved")).to_contain_text("already")
    page.get_by_role("button", name="Replace it").click()
    expect(page.locator("#saved")).to_contain_text("11 tracks written to")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download M3U").click()
    assert download.value.suggested_filename == "Like Iron Kettle - Rust.m3u"
    assert Path(download.value.path()).read_text().count("#EXTINF") == 11


def test_keyboard(visit, server):
    page = visit(server)
    page.keyboard.press("/")
    page.keyboard.type("whistle")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("Whistle")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(page.locator("#coming li")).to_have_count(10)
    after = coming(page)[0]
    page.keyboard.press("n")
    expect(page.locator("#title")).to_have_text(after)
    page.keyboard.press("p")
    expect(page.locator("#title")).to_have_text("Whistle")
    page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.locator("#pin")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("/")
    page.keyboard.type("n p")  # words, not commands
    expect(page.locator("#title")).to_have_text("Whistle")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()


def test_songs_fade_into_each_other_with_equal_power(visit, server):
    page = visit(server)
    page.add_init_script(
        """
        const seen = window.levels = [];
        const play = HTMLMediaElement.prototype.play;
        const decks = new Set();
        HTMLMediaElement.prototype.play = function () { decks.add(this); return play.call(this); };
        setInterval(() => seen.push([...decks].filter((deck) => !deck.paused).map((deck) => deck.volume)), 20);
        """
    )
    page.reload()
    page.wait_for_selector("body[data-ready]")
    play(page, "surge")
    after = coming(page)[0]
    page.locator("#seek").evaluate("seek => { seek.value = 850; seek.dispatchEvent(new Event('change')); }")
    expect(page.locator("#title")).to_have_text(after)
    page.wait_for_timeout(1500)
    both = [levels for levels in page.evaluate("window.levels") if len(levels) == 2]
    assert both
    assert all(abs(one**2 + other**2 - 1) < 1e-6 for one, other in both)


def test_what_the_browser_cannot_play_is_transcoded(visit, server):
    page = visit(server)
    page.add_init_script(
        """
        const can = HTMLMediaElement.prototype.canPlayType;
        HTMLMediaElement.prototype.canPlayType = function (type) {
            return type.includes("flac") ? "" : can.call(this, type);
        };
        """
    )
    page.reload()
    page.wait_for_selector("body[data-ready]")
    with page.expect_response(lambda response: "/api/audio/" in response.url) as answer:
        play(page, "wren")
    assert answer.value.headers["content-type"] in ("audio/mpeg", "audio/webm")
    until_played(page, 1)
    page.locator("#play").click()
    page.locator("#seek").evaluate("seek => { seek.value = 500; seek.dispatchEvent(new Event('change')); }")
    expect(page.locator("#elapsed")).to_have_text("0:04")  # of eight seconds, known although the stream does not tell
    # The server does not keep a stream for as long as a listener may pause: it begins again where it was.
    page.evaluate("const now = performance.now.bind(performance); performance.now = () => now() + 200_000")
    with page.expect_request(lambda request: "start=4" in request.url):
        page.locator("#play").click()
    until_played(page, 5)


def test_what_was_there_is_there_again(visit, server):
    page = visit(server)
    begin(page, "anvil")
    there = coming(page)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#title")).to_have_text("Anvil")
    assert coming(page) == there
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('elapsed').textContent >= '0:01'")


def test_demo(visit, web_library):
    with Page(web_library.folder, "--demo", "2", "October Bread") as server:
        page = visit(server)
        expect(page.locator("#title")).to_have_text("October Bread")
        expect(page.locator("#title")).not_to_have_text("October Bread")
        second = title(page)
        expect(page.locator("#title")).not_to_have_text(second)


def test_evil_tags_are_shown_as_text(visit, analysed, collection):
    evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>'
    for number, song in enumerate(sorted(collection.rglob("*Score*.flac"))):
        copy = analysed.music / f"{number}.flac"
        shutil.copy(song, copy)
        tags = mutagen.flac.FLAC(copy)
        tags["title"] = f"evil {evil}"
        tags["artist"] = tags["album"] = evil
        tags.save()
    analysed.run("rm", "-f", "title:High Score")
    analysed.run("import", "-qA", analysed.music)
    with Page(analysed.folder) as server:
        page = visit(server)
        page.get_by_label("Search the library").fill("evil")
        expect(page.locator("#found .name")).to_have_text(f"evil {evil}")
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_have_text(f"evil {evil}")
        expect(page.locator("#coming li")).to_have_count(10)
        page.keyboard.press("s")
        page.get_by_role("button", name="Save in the playlist folder").click()
        expect(page.locator("#saved")).to_contain_text("written")
        page.keyboard.press("Escape")
        page.keyboard.press("x")
        page.keyboard.press("n")
        expect(page.locator("#title")).not_to_have_text(f"evil {evil}")
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.evil") is None


def test_from_elsewhere_with_the_token(visit, web_library):
    with Page(web_library.folder, "--host", "localhost", "--token", "abcdefgh12345678") as server:
        page = visit(server, path="?token=abcdefgh12345678")
        assert page.url == server.url  # the token is not left to be read over a shoulder
        play(page, "october")
        until_played(page, 1)
        page.reload()
        page.wait_for_selector("body[data-ready]")


def test_without_the_token_it_is_asked_for(visit, web_library):
    with Page(web_library.folder, "--host", "localhost", "--token", "abcdefgh12345678") as server:
        context = visit.browser.new_context(color_scheme="dark")
        visit.contexts.append(context)
        page = context.new_page()
        page.goto(server.url.replace("127.0.0.1", "localhost"))
        page.get_by_label("Token").fill("abcdefgh00000000")
        page.keyboard.press("Enter")
        expect(page.get_by_text("That is not the token.")).to_be_visible()
        shot(page, "token")
        page.get_by_label("Token").fill("abcdefgh12345678")
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        assert "token" not in page.url
