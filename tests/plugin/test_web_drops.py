"""Files of one's own on the DJ page."""

from __future__ import annotations

import re

from tests.browsing import begin, coming, expect, seconds, until_played
from tests.sounds import chirp, write_audio


def test_a_file_that_is_dropped_in(visit, server, tmp_path):
    page = visit(server)
    file = write_audio(tmp_path / "Street organ <b>.flac", chirp(9, 44_100, 2), 44_100)
    page.locator("#file").set_input_files(file)
    expect(page.locator("#title")).to_have_text("Street organ <b>")
    until_played(page, 1)  # from the browser's own memory
    expect(page.locator("#coming li")).to_have_count(10)
    page.locator("#next").click()
    expect(page.locator("#coming li")).to_have_count(10)
    text = tmp_path / "notes.mp3"
    text.write_text("no audio")
    page.locator("#file").set_input_files(text)
    expect(page.locator("#notice")).to_contain_text("notes.mp3 cannot be analysed")


def test_after_a_file_that_is_no_audio_all_is_as_it_was(visit, server, tmp_path):
    text = tmp_path / "notes.mp3"
    text.write_text("no audio")
    page = visit(server)
    page.locator("#file").set_input_files(text)  # nothing was there
    expect(page.locator("#notice")).to_contain_text("notes.mp3 cannot be analysed")
    expect(page.get_by_text("surprise me")).to_be_visible()
    begin(page, "paid in full")
    page.get_by_label("Position").fill("500")
    there, at = coming(page), seconds(page)
    page.locator("#file").set_input_files(text)
    expect(page.locator("#notice")).to_contain_text("notes.mp3 cannot be analysed")
    expect(page.locator("#title")).to_have_text("Paid in Full")
    expect(page.locator("#coming .name")).to_have_text(there)
    expect(page.locator("#elapsed")).to_have_text(f"0:{at:02}")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.locator("#play").click()
    page.locator("#file").set_input_files(text)
    expect(page.locator("#title")).to_have_text("notes")
    expect(page.locator("#title")).not_to_have_text("notes")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(page.locator("#coming li")).to_have_count(10)


def test_dropping_for_real(visit, server, tmp_path):
    page = visit(server)
    file = write_audio(tmp_path / "organ.wav", chirp(9, 22_050, 1), 22_050)
    page.evaluate(
        """bytes => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([Uint8Array.from(bytes)], "organ.wav", {type: "audio/wav"}));
            window.drag = (name) =>
                document.body.dispatchEvent(new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer}));
            drag("dragenter");
            drag("dragover");
        }""",
        list(file.read_bytes()),
    )
    expect(page.locator("body")).to_have_class(re.compile("dropping"))
    page.evaluate("drag('drop')")
    expect(page.locator("#title")).to_have_text("organ")
    expect(page.locator("#coming li")).to_have_count(10)
