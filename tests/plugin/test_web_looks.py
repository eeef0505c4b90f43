"""How the DJ page looks: nothing is cut off or covered, and all can be read, at any size and in any colours."""

from __future__ import annotations

import re

import pytest

from tests.browsing import DESKTOP, LYING, PHONE, begin, expect, faults, play, settled, shot, title, until_played

TWICE = {"width": 640, "height": 360}  # 1280 by 720 at 200 %
FOUR_TIMES = {"width": 320, "height": 640}

LONG = "Concerto for Two Pianos, Strings and Continuo in C Major: III. Fuga. Vivace (Live in Amsterdam, 12 November 1987)"


@pytest.mark.parametrize(
    "viewport",
    [
        {"width": 1366, "height": 650},
        {"width": 1920, "height": 970},
        {"width": 390, "height": 664},
        FOUR_TIMES,
        LYING,
        TWICE,
    ],
)
def test_the_buttons_are_in_sight_however_long_the_title(visit, server, viewport):
    page = visit(server, viewport=viewport)
    begin(page, "paid in full")
    for words in ("I", LONG):
        page.evaluate(
            "words => ['title', 'artist'].map((id) => { document.getElementById(id).textContent = words; })", words
        )
        box = page.locator("#play").bounding_box()
        assert box["y"] + box["height"] <= viewport["height"], words


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_it_fits_and_can_be_read(visit, server, scheme, size):
    phone = size == "phone"
    page = visit(
        server,
        color_scheme=scheme,
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        reduced_motion="reduce",
    )
    shot(page, f"{size}-{scheme}-welcome")
    play(page, "paid in full")
    until_played(page, 1)
    shot(page, f"{size}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESKTOP)["width"]
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    )
    assert (brightness(channels(ink)) > brightness(channels(paper))) == (scheme == "dark")
    # Whatever can be pressed has a name, and is large enough for a finger.
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select")]
            .filter((one) => one.checkVisibility() && !one.textContent.trim())
            .filter((one) => !one.labels?.length && !one.getAttribute("aria-label") && !one.title)
            .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    if phone:
        expect(page.locator("#mini")).to_be_hidden()
        page.locator("#coming li").last.scroll_into_view_if_needed()
        expect(page.locator("#mini-title")).to_have_text(title(page))
        expect(page.locator("#mini")).to_be_visible()
        shot(page, f"{size}-{scheme}-coming")
        for button in page.locator("#coming li").first.locator("button").all():
            assert min(button.bounding_box()["width"], button.bounding_box()["height"]) >= 36


def channels(colour: str) -> tuple[float, ...]:
    """Red, green and blue of a computed colour, 0 to 255."""
    return tuple(float(channel) for channel in re.findall(r"[\d.]+", colour)[:3])


def mixed(one: tuple[float, ...], other: tuple[float, ...], share: float) -> tuple[float, ...]:
    """share: of the one, 0 to 1."""
    return tuple(share * a + (1 - share) * b for a, b in zip(one, other, strict=True))


def brightness(colour: tuple[float, ...]) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    shares = [channel / 255 for channel in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    darker, lighter = sorted([brightness(one), brightness(other)])
    return (lighter + 0.05) / (darker + 0.05)


def lose_the_server(page) -> None:
    page.route("**/api/*", lambda route: route.abort())
    page.locator("#coming [data-act=remove]").first.click()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#notice-act")).to_be_visible()


def follow_several(page) -> None:
    for place in (1, 3, 5):
        page.locator("#coming [data-act=pin]").nth(place).click()
        settled(page)
    page.locator("#coming [data-act=less]").first.click()
    settled(page)


def plan(page) -> None:
    page.keyboard.press("j")
    for words in ("october", "vault", "high score"):
        page.get_by_label("Search the library").fill(words)
        expect(page.locator("#found [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")


def see_all_played(page) -> None:
    for _ in range(5):
        page.locator("#next").click()
    page.locator("#play").click()
    settled(page)
    page.locator("#all-played").click()


def see_the_map(page) -> None:
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#canvas .zoom")).to_be_visible()


STATES = {
    "paused": lambda page: None,
    "removed": lambda page: page.locator("#coming [data-act=remove]").first.click(),
    "rules": lambda page: page.locator("#rules summary").click(),
    "followed": follow_several,
    "played": see_all_played,
    "planned": plan,
    "map": see_the_map,
    "server gone": lose_the_server,
}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, LYING, FOUR_TIMES], ids=["desktop", "phone", "lying", "four times"])
def test_nothing_spills_out_or_is_covered(visit, server, viewport):
    page = visit(server, viewport=viewport, reduced_motion="reduce")
    seen = {}
    for state, reach in STATES.items():
        page.unroute_all()
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto(server.url)
        page.wait_for_selector("body[data-ready]")
        begin(page, "kettle hazel")
        reach(page)
        for where in (0, 10_000):
            page.evaluate("where => scrollTo(0, where)", where)
            page.wait_for_timeout(100)  # until what plays is shown in short, or no longer
            if found := faults(page):
                seen[state, where] = found
    assert seen == {}


# Clicks go through a notice, so that only its place tells whether it hides something.
HIDDEN_BY_NOTICE = """() => {
    const notice = document.getElementById("notice").getBoundingClientRect();
    const controls = "header :is(button, input), .now :is(button, input), .modes label, #mini button";
    return [...document.querySelectorAll(controls)].filter((one) => one.checkVisibility()).filter((one) => {
        const {left, right, top, bottom} = one.getBoundingClientRect();
        return left < notice.right && right > notice.left && top < notice.bottom && bottom > notice.top;
    }).map((one) => one.id || one.textContent.trim());
}"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, LYING, TWICE, FOUR_TIMES], ids=lambda size: str(size["width"]))
def test_notices_stand_over_no_controls(visit, server, viewport):
    page = visit(server, viewport=viewport, reduced_motion="reduce")
    begin(page, "kettle hazel")
    page.locator("#coming [data-act=remove]").first.click()
    expect(page.locator("#notice-act")).to_be_visible()
    for words in ("Removed.", LONG):
        page.locator("#notice-text").evaluate("(notice, words) => { notice.textContent = words; }", words)
        for where in (0, 10_000):
            page.evaluate("where => scrollTo(0, where)", where)
            page.wait_for_timeout(100)  # until what plays is shown in short, or no longer
            shot(page, f"notice-{viewport['width']}-{where}-{len(words)}")
            assert page.evaluate(HIDDEN_BY_NOTICE) == [], (words, where)


@pytest.mark.parametrize(("scheme", "cover"), [("light", (0, 0, 0)), ("dark", (255, 255, 255))], ids=["black", "white"])
def test_text_can_be_read_over_any_cover(visit, server, scheme, cover):
    """The colours of a cover wash the paper; text keeps the contrast that WCAG asks for, 4.5 to 1, and symbols 3 to 1."""
    page = visit(server, color_scheme=scheme)
    begin(page, "paid in full")
    wash = float(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--wash')"))
    paper = channels(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    washed = mixed(cover, paper, wash)
    colour = "element => getComputedStyle(element).color"
    for selector in ("#album", "#coming .faint", "#coming .likeness", "#elapsed"):
        assert contrast(channels(page.locator(selector).first.evaluate(colour)), washed) >= 4.5, selector
    accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')").strip()
    assert contrast(tuple(bytes.fromhex(accent[1:])), washed) >= 4.5  # "although …"
    pin = page.locator("#coming [data-act=pin]").first
    shown = mixed(
        channels(pin.evaluate(colour)), washed, float(pin.evaluate("element => getComputedStyle(element).opacity"))
    )
    assert contrast(shown, washed) >= 3


def test_no_colour_is_left_behind_when_the_system_turns_dark_or_light(visit, server):
    """With little motion too."""
    page = visit(server, color_scheme="light", reduced_motion="reduce")
    begin(page, "paid in full")
    colours = """() => ["#pin", "#next", "#elapsed", "#coming .likeness", "#play", ".tabs button"].map(
        (selector) => getComputedStyle(document.querySelector(selector)).color)"""
    light = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(500)
    assert page.evaluate(colours) == light


def test_colours_of_the_system(visit, server):
    """What is chosen in the search can be read, and no picture is behind the words."""
    page = visit(server, forced_colors="active")
    begin(page, "paid in full")
    expect(page.locator(".backdrop")).to_be_hidden()
    page.get_by_label("Search the library").fill("e")
    expect(page.locator("#found [aria-selected=true]")).to_be_visible()
    ground, *texts = page.evaluate(
        """() => {
            const chosen = document.querySelector("#found [aria-selected=true]");
            const colours = [".name", ".faint"].map((text) => getComputedStyle(chosen.querySelector(text)).color);
            return [getComputedStyle(chosen).backgroundColor, ...colours];
        }"""
    )
    for colour in texts:
        assert contrast(channels(colour), channels(ground)) >= 4.5


def test_a_narrow_page_gives_the_room_to_names(visit, server):
    page = visit(server, viewport=PHONE)
    begin(page, "paid in full")
    page.locator("#next").click()
    page.locator("#play").click()
    settled(page)
    for row, least in (("#coming", 0.3), ("#played", 0.6)):
        assert page.locator(f"{row} .told").first.bounding_box()["width"] >= least * PHONE["width"], row


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_text_of_twice_the_size(visit, server, viewport):
    """For those who set their browser so, and do not zoom."""
    page = visit(server, viewport=viewport, reduced_motion="reduce")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    heading = page.locator(".lead").first
    assert float(heading.evaluate("element => getComputedStyle(element).fontSize").removesuffix("px")) > 50
    assert faults(page) == []
    begin(page, "kettle hazel")
    page.locator("#rules summary").click()
    assert faults(page) == []


@pytest.mark.parametrize(
    "viewport", [{"width": 1440, "height": 900}, PHONE, FOUR_TIMES], ids=["desktop", "phone", "four times"]
)
def test_a_mood_and_how_much_of_it_share_a_line(visit, server, viewport):
    page = visit(server, viewport=viewport)
    begin(page, "paid in full")
    page.locator("#rules summary").click()
    page.evaluate(
        "['moods', 'lean'].forEach((id) => { document.getElementById(id).hidden = false; })"
    )  # as if tags were there
    mood, lean = page.locator("#mood").bounding_box(), page.locator("#lean").bounding_box()
    assert abs(mood["y"] + mood["height"] / 2 - lean["y"] - lean["height"] / 2) < 2
