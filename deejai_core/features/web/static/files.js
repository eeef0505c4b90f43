// Files of one's own: they play at once, while the server hears them.

import { next, startOver } from "./acts.js";
import * as api from "./api.js";
import { addWaypoint } from "./journey.js";
import { keepFile, keptFile } from "./memory.js";
import { notice } from "./notices.js";
import { facts, plan, player, queue } from "./page.js";
import { known } from "./queue.js";
import { comeBack, snapshot, undo } from "./undo.js";

const opened = new Map(); // files, by their name in the browser's memory
const converting = new Set(); // tracks

/** of: how many were dropped in at once. */
export async function open(file, of = 1) {
  if (file.size > facts.largest_upload) {
    return notice(`“${file.name}” is too large; the limit is ${Math.floor(facts.largest_upload / 1e6)} MB.`);
  }
  const title = file.name.replace(/\.[^.]*$/, "");
  const name = `${Date.now().toString(36)}.${Math.random().toString(36).slice(2)}`;
  const track = { title, artist: "", album: "", length: null, format: "", file: name, blob: URL.createObjectURL(file) };
  opened.set(name, file);
  const kept = keepFile(name, file);
  if (plan.journey) return lead(track);
  const before = snapshot();
  queue.start([track]); // it plays while it is analysed
  player.play(queue.now);
  await hear(queue.now, { before, kept, of });
}

/** The file of a track, opened again after a reload, as a URL; null if it is gone. */
export async function openAgain(track) {
  const file = await keptFile(track.file);
  if (file) opened.set(track.file, file);
  return file ? URL.createObjectURL(file) : null;
}

function sayListening(track, { before = null, of = 1 } = {}) {
  const name = `“${track.title}”${of > 1 ? `, the first of ${of} files` : ""}`;
  notice(`Listening to ${name}…`, { lasting: true, action: before && undo(before) });
}

/** Let the server hear a file that plays already. before: what to go on with if it is none. kept: a promise to wait for. */
export async function hear(track, { before = null, kept = null, of = 1 } = {}) {
  const stands = () => queue.seeds.includes(track);
  sayListening(track, { before, of });
  await kept;
  try {
    const found = await heard(opened.get(track.file));
    if (!stands()) return;
    const told = found.id != null ? "Your library has this song." : `Playing songs like “${found.title}”.`;
    if (!converting.has(track)) notice(told, { action: before && undo(before) });
    queue.heard(track, found);
    player.tell("change");
  } catch (error) {
    if (!stands()) return;
    notice(error.message);
    if (before) comeBack(before);
    else startOver();
  }
}

/** Have a journey lead by a file. */
async function lead(track) {
  sayListening(track);
  try {
    addWaypoint({ ...track, ...(await heard(opened.get(track.file))) });
  } catch (error) {
    notice(error.message);
  }
}

/** What is known of a file: the library's track, or what it tells of itself, and its vector. */
async function heard(file) {
  const { track, artist, title, length, vector } = await api.upload(file);
  return track ?? { artist, title, length, vector };
}

/** Have the server make what this browser plays of a file that it does not. */
export async function convert(track) {
  notice(`This browser cannot play this file; the server is converting “${track.title}”…`, { lasting: true });
  track.converted = true;
  converting.add(track);
  try {
    const file = opened.get(track.file) ?? (await keptFile(track.file));
    const blob = new File([await api.transcode(file)], file.name);
    await keepFile(track.file, blob);
    track.blob = URL.createObjectURL(blob);
    if (queue.now !== track) return;
    if (known(track)) notice("");
    else sayListening(track);
    player.play(track);
  } catch (error) {
    if (queue.now !== track) return;
    notice(error.message || `“${track.title}” cannot be played; songs like it follow.`);
    next();
  } finally {
    converting.delete(track);
  }
}
