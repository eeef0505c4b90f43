// What a listener can do with songs: begin with one, add one, go on, back, or elsewhere.

import * as api from "./api.js";
import { connection } from "./connection.js";
import { $ } from "./dom.js";
import { addWaypoint } from "./journey.js";
import { notice, retract } from "./notices.js";
import { plan, player, queue } from "./page.js";
import { known } from "./queue.js";
import { openSaving } from "./saving.js";
import { undoable } from "./undo.js";

const OF_AN_ARTIST = 10; // songs that stand for what an artist sounds like

/** name: what it begins with, if that is not the first track. followed: see `Queue.start`. */
function begin(tracks, { name = tracks[0].title, followed = false } = {}) {
  return undoable(queue.now ? `Started from “${name}”.` : "", () => {
    plan.set({ mode: "similar" });
    queue.start(tracks, { followed });
    return player.play(queue.now);
  });
}

export function choose(track) {
  if (plan.journey) addWaypoint(track);
  else begin([track]);
}

/** Begin with an album, which plays first, or with what an artist, or what somebody described, sounds like. */
export async function chooseGroup({ kind, name, ids }) {
  const found = (await api.tracks(ids)).tracks.filter((track) => track.analysed);
  if (!found.length) return notice(`Nothing of “${name}” has been analysed yet.`);
  if (plan.journey) addWaypoint(found[0]);
  else begin(kind === "artist" ? found.slice(0, OF_AN_ARTIST) : found, { name, followed: kind !== "album" });
}

export async function beginAnywhere() {
  $("anything").disabled = true; // a double click begins once
  try {
    begin((await api.anything()).tracks);
  } finally {
    $("anything").disabled = false;
  }
}

export function add(track) {
  if (plan.journey) return addWaypoint(track);
  const idle = !queue.now;
  undoable(idle ? "" : `Also following “${track.title}”; it comes next.`, () => queue.add(track));
  if (idle) player.play(queue.now);
}

export function startOver() {
  undoable("Started over.", () => {
    player.stop();
    plan.set({ mode: "similar" });
    queue.empty();
  });
  $("search").focus();
}

export function next({ faded = false } = {}) {
  const before = queue.now;
  if (!before) return;
  retract();
  const track = queue.next();
  if (track) return player.play(track, { faded });
  if (!queue.busy && !connection.lost) {
    player.pause();
    return notice("Nothing comes next: the library has no more songs that meet these rules.");
  }
  const unheard = queue.seeds.find((seed) => !known(seed));
  if (unheard) notice(`“${unheard.title}” is still being analysed; the next song plays as soon as that is done.`);
  queue.addEventListener("filled", () => queue.now === before && next({ faded }), { once: true });
}

export function previous() {
  if (player.time > 5 || !queue.history.length) return player.seek(0);
  retract();
  player.play(queue.previous());
}

export function jump(track) {
  const skipped = queue.coming.indexOf(track);
  const text = skipped > 0 ? `Skipped ${skipped === 1 ? "a song" : `${skipped} songs`}.` : "";
  undoable(text, () => player.play(queue.jump(track)));
}

export function again(track) {
  retract();
  player.play(queue.again(track));
}

export function toggle() {
  if (!player.track && queue.now) player.play(queue.now);
  else player.toggle();
}

export const remove = (track) => undoable(`Removed “${track.title}”.`, () => queue.remove(track));
export const lessLike = (track) => undoable(`Less like “${track.title}” from now on.`, () => queue.lessLike(track));
export const unfollow = (track) => undoable(`Not following “${track.title}” any more.`, () => queue.unfollow(track));
export const pinNow = () => queue.now && queue.pin(queue.now);
export const save = () => queue.now && openSaving(queue);
