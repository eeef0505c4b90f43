// The search field: a combobox whose options are songs.

import * as api from "./api.js";
import { showCover } from "./covers.js";
import { icon, make } from "./dom.js";

const PAUSE = 120; // milliseconds after a key before it searches
const FIRST = 6; // songs that it shows, until more are asked for
const MORE = 20;

/** choose(track): a song was chosen. chooseGroup(group): an artist or an album. add(track): a song is to be followed too.
 * tell(text), fail(error): what there is to say. */
export function searchField({ choose, chooseGroup, add, tell, fail }) {
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  let options = []; // of {element, take(act)}
  let active = -1;
  let shown = ""; // the text that they were found by
  let waiting;
  let asking;
  let entered = Promise.resolve(); // what was entered before is taken before, however late its answer comes

  function close() {
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function mark(number) {
    active = number;
    options.forEach(({ element }, place) => element.setAttribute("aria-selected", String(place === active)));
    const marked = options[active]?.element;
    marked?.scrollIntoView({ block: "nearest" });
    if (marked) field.setAttribute("aria-activedescendant", marked.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function done() {
    field.value = "";
    close();
    field.blur();
  }

  function takeTrack(track, act) {
    if (!track.analysed) return tell(`“${track.title}” has not been analysed yet, so songs like it are not known.`);
    if (field.value.trim() === shown) done(); // else somebody types on
    act(track);
  }

  /** Take what a text finds first, before it is in sight. */
  async function takeFirst(text, act, before) {
    if (!text) return before;
    asking?.abort();
    try {
      const [found] = await Promise.all([api.search(text, { limit: FIRST }), before]);
      show(text, found);
      options[0]?.take(act);
      if (field.value.trim() !== text) close();
    } catch (error) {
      fail(error);
    }
  }

  function option(content, take) {
    const element = make("li", { id: `found-${options.length}` }, ...content);
    element.setAttribute("role", "option");
    element.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    element.addEventListener("click", () => take(choose));
    options.push({ element, take });
    return element;
  }

  const told = (name, more) =>
    make("span", { className: "told" },
      make("span", { className: "name", textContent: name }),
      make("span", { className: "faint", textContent: more }));

  function trackOption(track) {
    const cover = make("span", { className: "thumb" });
    showCover(cover, track);
    // An option holds nothing that is pressed for itself: with the keyboard, shift and enter do the same.
    const plus = make("span", { className: "quiet plus", title: "Follow it too" }, icon("plus"));
    plus.addEventListener("click", (event) => {
      event.stopPropagation();
      takeTrack(track, add);
    });
    const by = [track.artist, track.album].filter(Boolean).join(" · ");
    const made = option([cover, told(track.title, by), plus], (act) => takeTrack(track, act));
    made.classList.toggle("off", !track.analysed);
    return made;
  }

  function groupOption(group) {
    const cover = make("span", { className: `thumb ${group.kind}` });
    const album = group.kind === "album";
    showCover(cover, { id: album ? group.ids[0] : null, artist: album ? group.artist : group.name, album: album ? group.name : "" });
    const songs = group.tracks === 1 ? "1 song" : `${group.tracks} songs`;
    const kinds = { album: ["Album", group.artist, songs], artist: ["Artist", songs], sound: ["Sounds like this", songs] };
    const more = kinds[group.kind].filter(Boolean).join(" · ");
    return option([cover, told(group.name, more)], () => {
      done();
      chooseGroup(group);
    });
  }

  function moreOption(text, offset) {
    const made = option([make("span", { className: "told faint", textContent: "More songs…" })], async () => {
      try {
        const found = await api.search(text, { limit: MORE, offset });
        const place = options.findIndex(({ element }) => element === made);
        options.splice(place, 1);
        made.replaceWith(...songs(text, found, offset));
        mark(place);
      } catch (error) {
        fail(error);
      }
    });
    return made;
  }

  const songs = (text, { tracks, more }, offset) => [
    ...tracks.map(trackOption), ...(more ? [moreOption(text, offset + tracks.length)] : []),
  ];

  function show(text, found) {
    shown = text;
    options = [];
    list.replaceChildren(...found.tracks.map(trackOption), ...found.groups.map(groupOption));
    if (found.more) list.append(moreOption(text, found.tracks.length));
    if (!options.length) {
      const none = make("li", { className: "faint none", textContent: "Nothing found. Try fewer letters, or a query such as artist:police or year:1970..1979." });
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      list.append(none);
    }
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(options.length ? 0 : -1);
  }

  async function find() {
    asking?.abort();
    const text = field.value.trim();
    if (!text) return close();
    asking = new AbortController();
    try {
      const found = await api.search(text, { limit: FIRST, signal: asking.signal });
      if (field.value.trim() === text) show(text, found);
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE);
  });
  field.addEventListener("focus", () => field.value.trim() && find());
  field.addEventListener("blur", () => setTimeout(() => document.activeElement !== field && close(), 150));
  field.addEventListener("keydown", (event) => {
    const text = field.value.trim();
    const open = !list.hidden && options.length && shown === text;
    if (event.key === "ArrowDown" && open) mark((active + 1) % options.length);
    else if (event.key === "ArrowUp" && open) mark((active - 1 + options.length) % options.length);
    else if (event.key === "Enter") {
      const act = event.shiftKey ? add : choose;
      clearTimeout(waiting);
      const option = options[Math.max(0, active)];
      entered = open ? entered.then(() => option.take(act)) : takeFirst(text, act, entered);
    } else if (event.key === "Escape") {
      close();
      field.blur();
    } else return;
    event.preventDefault();
  });
}
