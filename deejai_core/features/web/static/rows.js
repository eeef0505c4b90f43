// Songs as rows and chips. They are keyed: a song that stays keeps its element, and the keyboard its place.

import { showCover } from "./covers.js";
import { clock, icon, make } from "./dom.js";

/** Make a list show these tracks. build(): an element for one; its `track` is what it shows. update(element, track). */
export function showKeyed(list, tracks, build, update) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const before = [...list.children];
  const held = focused?.closest("li");
  const known = new Map(before.map((item) => [item.dataset.key, item]));
  const items = tracks.map((track) => {
    const item = known.get(track.key) ?? build();
    item.dataset.key = track.key;
    item.track = track;
    update(item, track);
    return item;
  });
  const staying = new Set(items);
  for (const item of before) if (!staying.has(item)) item.remove();
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  if (focused && document.activeElement !== focused && items.length) {
    const item = staying.has(held) ? held : items[Math.min(before.indexOf(held), items.length - 1)];
    (item.querySelector(`[data-act="${focused.dataset.act}"]`) ?? item.querySelector("button"))?.focus();
  }
}

const by = (track) => [track.artist, track.album].filter(Boolean).join(" · ");

function showOnce(item, track) {
  const shown = `${track.id ?? ""}/${track.artist}/${track.title}/${track.album}`;
  if (item.dataset.shown === shown) return false;
  item.dataset.shown = shown;
  showCover(item.querySelector(".thumb"), track);
  item.querySelector(".name").textContent = track.title;
  return true;
}

const button = (act, properties, ...children) => {
  const made = make("button", { type: "button", ...properties }, ...children);
  made.dataset.act = act;
  return made;
};

/** acts: go(track), and pin(track), less(track) and remove(track) where it has them. */
export function buildRow({ go, pin, less, remove }) {
  const item = make("li");
  const told = make("span", { className: "told" }, make("span", { className: "name" }), make("span", { className: "faint by" }));
  const goes = button("go", { className: "go" }, make("span", { className: "thumb" }), told);
  goes.addEventListener("click", () => go(item.track));
  item.append(goes, make("span", { className: "likeness" }), make("span", { className: "time faint" }));
  for (const [act, symbol, acts] of [["pin", "pin", pin], ["less", "less", less], ["remove", "close", remove]]) {
    if (!acts) continue;
    const pressed = button(act, { className: "quiet" }, icon(symbol));
    pressed.addEventListener("click", () => acts(item.track));
    item.append(pressed);
  }
  return item;
}

/** although: what had to give way for it, in words. */
export function updateRow(item, track, { pinned = false, hint, although = "" }) {
  item.dataset.id = track.id ?? "";
  item.classList.toggle("pinned", pinned);
  if (showOnce(item, track)) {
    item.querySelector(".by").textContent = by(track);
    item.querySelector(".time").textContent = clock(track.length);
    item.querySelector('[data-act="go"]').title = hint;
  }
  const likeness = item.querySelector(".likeness");
  const standing = track.waypoint ? "waypoint" : track.similarity == null ? "" : track.similarity.toFixed(2);
  const said = `${standing}/${although}`;
  if (likeness.dataset.said !== said) {
    likeness.dataset.said = said;
    likeness.replaceChildren();
    if (track.waypoint) likeness.append(make("span", { className: "stop", textContent: standing }));
    else if (standing) {
      const bar = make("span", { className: "bar" });
      bar.style.setProperty("--share", Math.max(0, track.similarity));
      likeness.append(bar, make("span", { textContent: standing }));
      likeness.title = `Similarity ${standing}`;
    }
    item.querySelector(".although")?.remove();
    if (although) item.querySelector(".told").append(make("span", { className: "although", textContent: although }));
  }
  const pin = item.querySelector('[data-act="pin"]');
  if (pin) {
    pin.title = pinned ? "Unpin" : "Pin: it stays, and is followed";
    pin.setAttribute("aria-pressed", String(pinned));
    pin.setAttribute("aria-label", `${pinned ? "Unpin" : "Pin"} ${track.title}`);
  }
  const less = item.querySelector('[data-act="less"]');
  if (less) {
    less.title = "Less like this";
    less.setAttribute("aria-label", `Less like ${track.title}`);
  }
  const remove = item.querySelector('[data-act="remove"]');
  if (remove) {
    remove.title = "Remove";
    remove.setAttribute("aria-label", `Remove ${track.title}`);
  }
}

export function buildChip(remove) {
  const item = make("li", { className: "chip" }, make("span", { className: "thumb" }), make("span", { className: "name" }));
  if (remove) {
    const pressed = button("remove", { className: "quiet" }, icon("close"));
    pressed.addEventListener("click", () => remove(item.track));
    item.append(pressed);
  }
  return item;
}

/** told: what its button does; without, it has none. */
export function updateChip(item, track, told = "") {
  if (showOnce(item, track)) item.title = [track.artist, track.title].filter(Boolean).join(" – ");
  const pressed = item.querySelector("button");
  if (!pressed) return;
  pressed.hidden = !told;
  pressed.setAttribute("aria-label", told);
}
