// The search field: a combobox whose options are songs.

import * as api from "./api.js";
import { showCover } from "./covers.js";
import { icon, make } from "./dom.js";

const PAUSE = 120; // milliseconds after a key before it searches

/** choose(track): a song was chosen. add(track): it is to be followed too. */
export function searchField({ choose, add, fail }) {
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  let tracks = [];
  let active = -1;
  let waiting;
  let asking;

  function close() {
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function mark(number) {
    active = number;
    [...list.querySelectorAll("[role=option]")].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === active));
      if (place === active) {
        option.scrollIntoView({ block: "nearest" });
        field.setAttribute("aria-activedescendant", option.id);
      }
    });
  }

  function take(number, act = choose) {
    const track = tracks[number];
    if (!track) return;
    if (!track.analysed) {
      fail(`“${track.title}” has not been analysed yet, so nothing is known to be like it.`);
      return;
    }
    field.value = "";
    close();
    field.blur();
    act(track);
  }

  function show() {
    list.replaceChildren(
      ...tracks.map((track, number) => {
        const cover = make("span", { className: "thumb" });
        showCover(cover, track);
        // An option holds nothing that is pressed for itself: with the keyboard, shift and enter do the same.
        const plus = make("span", { className: "quiet plus", title: "Follow it too" }, icon("plus"));
        plus.addEventListener("click", (event) => {
          event.stopPropagation();
          take(number, add);
        });
        const told = make("span", { className: "told" },
          make("span", { className: "name", textContent: track.title }),
          make("span", { className: "faint", textContent: [track.artist, track.album].filter(Boolean).join(" · ") }));
        const option = make("li", { id: `found-${number}` }, cover, told, plus);
        option.setAttribute("role", "option");
        option.classList.toggle("off", !track.analysed);
        option.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
        option.addEventListener("click", () => take(number));
        return option;
      }),
    );
    if (!tracks.length) {
      const none = make("li", { className: "faint none", textContent: "Nothing found. Fewer letters find more; so do artist:police or year:1970..1979." });
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      list.append(none);
    }
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(tracks.length ? 0 : -1);
  }

  async function find() {
    asking?.abort();
    const text = field.value.trim();
    if (!text) return close();
    asking = new AbortController();
    try {
      ({ tracks } = await api.search(text, asking.signal));
      if (field.value.trim() === text) show();
    } catch (error) {
      if (error.name !== "AbortError") fail(error.message);
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE);
  });
  field.addEventListener("focus", () => field.value.trim() && find());
  field.addEventListener("blur", () => setTimeout(() => document.activeElement !== field && close(), 150));
  field.addEventListener("keydown", async (event) => {
    const open = !list.hidden && tracks.length;
    if (event.key === "ArrowDown" && open) mark((active + 1) % tracks.length);
    else if (event.key === "ArrowUp" && open) mark((active - 1 + tracks.length) % tracks.length);
    else if (event.key === "Enter") {
      clearTimeout(waiting);
      if (!open) await find();
      take(Math.max(0, active), event.shiftKey ? add : choose);
    } else if (event.key === "Escape") {
      close();
      field.blur();
    } else return;
    event.preventDefault();
  });
}
