// The list: what was played, what comes, what it follows, and what it lacks.

import { again, jump, lessLike, remove, unfollow } from "./acts.js";
import { $, make } from "./dom.js";
import { facts, queue } from "./page.js";
import { buildChip, buildRow, showKeyed, updateChip, updateRow } from "./rows.js";

const IN_SIGHT = 3; // songs that were played, until all are asked for

const buildComing = () => buildRow({ go: jump, pin: (track) => queue.pin(track), less: lessLike, remove });
const buildPlayed = () => buildRow({ go: again });

export function showList() {
  document.body.dataset.state = queue.now ? "playing" : "empty";
  showKeyed($("coming"), queue.coming, buildComing, (item, track) =>
    updateRow(item, track, {
      pinned: queue.isPinned(track), hint: "Play this one now", although: track.broken?.length ? `although ${track.broken.join(" and ")}` : "",
    }));
  const several = queue.followed.length > 1;
  showKeyed($("followed"), queue.followed, () => buildChip(unfollow), (item, track) =>
    updateChip(item, track, several ? `Stop following ${track.title}` : ""));
  $("unliked").hidden = !queue.less.length;
  showKeyed($("less"), queue.less, () => buildChip((track) => queue.lessLike(track)), (item, track) =>
    updateChip(item, track, `No longer less like ${track.title}`));
  showPast();
  showUnlike();
}

let wholePast = false;
function showPast() {
  const past = wholePast ? queue.history : queue.history.slice(-IN_SIGHT);
  $("past").hidden = !past.length;
  $("all-played").hidden = queue.history.length <= IN_SIGHT;
  $("all-played").textContent = wholePast ? "show fewer" : `show all ${queue.history.length}`;
  showKeyed($("played"), past, buildPlayed, (item, track) => updateRow(item, track, { hint: "Play this one again" }));
}

/** Show all that was played, or only the last songs of it. */
export function togglePast() {
  wholePast = !wholePast;
  showPast();
}

/** Say which of the songs that come no longer sound alike, if any. */
function showUnlike() {
  const { alike } = facts;
  const found = queue.coming.filter((track) => !track.journey && track.similarity != null);
  const told = alike != null && !queue.knobs.drunk; // drunk, they are asked to stray
  const unlike = found.filter((track) => told && track.similarity < alike);
  $("unlike").hidden = !unlike.length;
  if (!unlike.length) return;
  const [{ title }] = unlike;
  const others = unlike.length > 1 ? ` and ${unlike.length - 1} more do` : " does";
  const toTheEnd = found.at(-unlike.length) === unlike[0];
  $("unlike").textContent = toTheEnd ? `From “${title}” on, the songs no longer sound alike.` : `“${title}”${others} not sound alike.`;
}

/** Show whether it is being filled, and if the library has no more, what would help. rules: see `showRules`. */
export function showBusy(rules) {
  $("busy").hidden = !queue.busy;
  $("short").hidden = !queue.short || queue.busy;
  if ($("short").hidden) return;
  $("loosen").replaceChildren(...rules.map(([text, lift]) => {
    const loosen = make("button", { className: "soft", type: "button", textContent: text });
    loosen.addEventListener("click", lift);
    return make("li", {}, loosen);
  }));
}
