// The page: what a click, a key or the end of a song does.

import * as api from "./api.js";
import { connection } from "./connection.js";
import { $, make } from "./dom.js";
import { takeDrops } from "./drops.js";
import { untilAnalysed } from "./first.js";
import { takeKeys } from "./keys.js";
import { showMap } from "./maptab.js";
import { forgetFiles, keepFile, keptFile, recall, remember } from "./memory.js";
import { notice, settle } from "./notices.js";
import { Player } from "./player.js";
import { showPlaying, showTime, takeMediaKeys, takeSeeking } from "./playing.js";
import { Queue, entry, known } from "./queue.js";
import { buildChip, buildRow, showKeyed, updateChip, updateRow } from "./rows.js";
import { showRules } from "./rules.js";
import { openSaving } from "./saving.js";
import { searchField } from "./search.js";
import { oneTabPlays } from "./tabs.js";

const PLAYER = "deejai-player";
const MOST_BROKEN = 10; // songs in a row that are passed over
const OF_AN_ARTIST = 10; // songs that stand for what an artist sounds like
const IN_SIGHT = 3; // songs that were played, until all are asked for

const player = new Player({ reachable: () => connection.check() });
const queue = new Queue();
let waypoints = []; // of a journey that is being planned
let alike = null; // similarity below which songs no longer sound alike, if that is known
let demo = null; // seconds after which it skips
let broken = 0; // songs in a row that could not be played
const opened = new Map(); // files, by their name in the browser's memory
let rulesInForce = () => [];
let largest = 500_000_000; // bytes of a file
let highlight = () => {}; // marks a song on the map
let audible = 1; // the volume to come back to from none

const mode = () => document.body.dataset.mode;

/** All that `comeBack` needs. */
const snapshot = () => ({ state: queue.state, waypoints, mode: mode(), time: player.time, playing: player.playing });

/** A notice's action: go on with what there was before, if there was something. */
const undo = (before) => (before.state.now || before.waypoints.length ? ["Undo", () => comeBack(before)] : null);

/** Do what changes the list, and offer to undo it. text: what was done; empty to say nothing. */
function undoable(text, act) {
  const before = snapshot();
  const done = act();
  if (text) notice(text, { action: undo(before) });
  return done;
}

/** Go on with what there was before. */
function comeBack(before) {
  waypoints = before.waypoints;
  setMode(before.mode);
  showWaypoints();
  queue.comeBack(before.state);
  if (!queue.now) return player.stop();
  if (player.track?.key === queue.now.key) return player.tell("change");
  if (!before.playing) return player.show(queue.now, before.time);
  player.play(queue.now);
  player.seek(before.time);
}

/** name: what it begins with, if that is not the first track. followed: see `Queue.start`. */
function begin(tracks, { name = tracks[0].title, followed = false } = {}) {
  return undoable(queue.now ? `Started from “${name}”.` : "", () => {
    setMode("similar");
    queue.start(tracks, { followed });
    return player.play(queue.now);
  });
}

/** Begin with an album, which plays first, or with what an artist sounds like. */
async function chooseGroup({ kind, name, ids }) {
  const found = (await api.tracks(ids)).tracks.filter((track) => track.analysed);
  if (!found.length) return notice(`Nothing of “${name}” has been analysed yet.`);
  if (mode() === "journey") addWaypoint(found[0]);
  else begin(kind === "artist" ? found.slice(0, OF_AN_ARTIST) : found, { name, followed: kind === "artist" });
}

function startOver() {
  undoable("Started over.", () => {
    player.stop();
    setMode("similar");
    queue.empty();
  });
  $("search").focus();
}

function choose(track) {
  if (mode() === "journey") addWaypoint(track);
  else begin([track]);
}

function add(track) {
  if (mode() === "journey") return addWaypoint(track);
  const idle = !queue.now;
  undoable(idle ? "" : `Also following “${track.title}”; it comes next.`, () => queue.add(track));
  if (idle) player.play(queue.now);
}

function next(faded = false) {
  const before = queue.now;
  const track = queue.next();
  if (track) return player.play(track, { faded });
  if (!queue.busy) {
    player.pause();
    return notice("Nothing comes next: the library has no more songs that keep these rules.");
  }
  const unheard = queue.seeds.find((seed) => !known(seed));
  if (unheard) notice(`“${unheard.title}” is still being analysed; the next song plays as soon as that is done.`);
  queue.addEventListener("filled", () => queue.now === before && next(faded), { once: true });
}

function previous() {
  if (player.time > 5 || !queue.history.length) return player.seek(0);
  const track = queue.previous();
  if (track) player.play(track);
}

function jump(track) {
  const skipped = queue.coming.indexOf(track);
  const text = skipped > 0 ? `Skipped ${skipped === 1 ? "a song" : `${skipped} songs`}.` : "";
  undoable(text, () => player.play(queue.jump(track)));
}

function toggle() {
  if (!player.track && queue.now) player.play(queue.now);
  else player.toggle();
}

player.addEventListener("end", () => next(true));
player.addEventListener("soon", () => queue.coming[0] && player.prepare(queue.coming[0]));
player.addEventListener("time", () => {
  if (player.time > 1) broken = 0;
  showTime(player);
  rememberTime();
  if (demo && player.playing && player.time >= demo) next(true);
});
player.addEventListener("broken", () => {
  const { track } = player;
  if (track.blob && track.id != null) {
    delete track.blob; // the library has it, and the server makes what this browser plays
    player.play(track);
  } else if (track.blob && !track.converted) {
    convert(track);
  } else if (track.blob) {
    notice(`“${track.title}” cannot be played; songs like it follow.`);
    next();
  } else if (++broken > MOST_BROKEN) {
    player.pause();
    notice(`${broken} songs in a row cannot be played. Is the drive with the music there?`, { lasting: true });
  } else {
    notice(`“${track.title}” cannot be played.`);
    next();
  }
});

/** Have the server make what this browser plays of a file that it does not. */
async function convert(track) {
  notice(`This browser does not play such files; the server converts “${track.title}”…`, { lasting: true });
  track.converted = true;
  try {
    const file = opened.get(track.file) ?? (await keptFile(track.file));
    const blob = new File([await api.transcode(file)], file.name);
    await keepFile(track.file, blob);
    track.blob = URL.createObjectURL(blob);
    if (queue.now !== track) return;
    notice("");
    player.play(track);
  } catch (error) {
    if (queue.now !== track) return;
    notice(error.message || `“${track.title}” cannot be played; songs like it follow.`);
    next();
  }
}

player.addEventListener("change", showNow);
player.addEventListener("settings", () => {
  showVolume();
  rememberPlayer();
});

connection.addEventListener("lost", () => {
  $("offline").hidden = false;
});
connection.addEventListener("back", () => {
  $("offline").hidden = true;
  player.resume();
  queue.fill();
});

let remembered = 0;
function rememberTime() {
  if (Math.abs(player.time - remembered) >= 1) rememberPlayer();
}
function rememberPlayer() {
  remembered = player.time;
  remember(PLAYER, { key: player.track?.key, time: player.time, volume: player.volume, crossfade: player.crossfade });
}

async function open(file) {
  if (!file) return;
  if (file.size > largest) return notice(`“${file.name}” is too large; ${Math.floor(largest / 1e6)} MB is the most.`);
  const title = file.name.replace(/\.[^.]*$/, "");
  const name = `${Date.now().toString(36)}.${Math.random().toString(36).slice(2)}`;
  const track = { title, artist: "", album: "", length: null, format: "", file: name, blob: URL.createObjectURL(file) };
  opened.set(name, file);
  const kept = keepFile(name, file);
  if (mode() === "journey") return plan(track, file);
  const before = snapshot();
  queue.start([track]); // it plays while it is analysed
  player.play(queue.now);
  notice(`Listening to “${title}”…`, { lasting: true, action: undo(before) });
  await kept;
  await hear(queue.now, file, before);
}

/** Let the server hear a file that plays already. before: what to go on with if it is none. */
async function hear(track, file, before) {
  const stands = () => queue.seeds.includes(track);
  try {
    const found = await heard(file);
    if (!stands()) return;
    const told = found.id != null ? "Your library has this song." : `Playing songs like “${found.title}”.`;
    notice(told, { action: before && undo(before) });
    queue.heard(track, found);
    player.tell("change");
  } catch (error) {
    if (!stands()) return;
    notice(error.message);
    if (before) comeBack(before);
    else startOver();
  }
}

async function plan(track, file) {
  notice(`Listening to “${track.title}”…`, { lasting: true });
  try {
    addWaypoint({ ...track, ...(await heard(file)) });
  } catch (error) {
    notice(error.message);
  }
}

/** What is known of a file: the library's track, or what it tells of itself, and its vector. */
async function heard(file) {
  const { track, artist, title, length, vector } = await api.upload(file);
  return track ?? { artist, title, length, vector };
}

function setMode(name) {
  document.body.dataset.mode = name;
  document.querySelector(`input[name=mode][value=${name}]`).checked = true;
  $("search").placeholder = name === "journey" ? "Add a waypoint…" : "Play something like…";
}

/** Somebody switches between a journey and what is like a song. */
function switchMode(name) {
  if (name === "similar" && queue.travelling) {
    undoable("Left the journey.", () => {
      queue.leave();
      setMode(name);
    });
  } else setMode(name);
}

function addWaypoint(track) {
  undoable(`Waypoint ${waypoints.length + 1}: “${track.title}”.`, () => {
    waypoints = [...waypoints, entry(track)];
    showWaypoints();
  });
}

function dropWaypoint(track) {
  undoable(`“${track.title}” is no waypoint any more.`, () => {
    waypoints = waypoints.filter((one) => one !== track);
    showWaypoints();
  });
}

function showWaypoints() {
  showKeyed($("waypoints"), waypoints, () => buildChip(dropWaypoint), (item, track) =>
    updateChip(item, track, `Take ${track.title} out of the journey`));
  $("travel").disabled = waypoints.length < 2;
  $("plan").hidden = waypoints.length > 1;
  $("plan").textContent = waypoints.length ? "And where to?" : "Search or drop the songs that the way leads by, in order.";
  $("planning").hidden = queue.travelling && !waypoints.length;
}

async function travel() {
  $("travel").disabled = true;
  try {
    const before = snapshot();
    await queue.travel(waypoints, Number($("between").value) || 0);
    waypoints = [];
    player.play(queue.now);
    if (before.state.now) notice("The journey has begun.", { action: undo(before) });
  } catch (error) {
    notice(error.message);
  }
  showWaypoints();
}

let travelled = false;
/** How far the journey has come. */
function showJourney() {
  const { stops, coming, now, history } = queue;
  const ahead = new Set(coming.filter((track) => track.waypoint).map((track) => track.key));
  $("trip").hidden = !queue.travelling;
  if (queue.travelling) {
    showKeyed($("stops"), stops, () => buildChip(), (item, track) => {
      updateChip(item, track);
      item.classList.toggle("done", !ahead.has(track.key));
    });
    const left = coming.findLastIndex((track) => track.waypoint) + 1;
    const done = history.length - history.findLastIndex((track) => track.key === stops[0].key);
    const passed = now?.key === stops[0].key ? 1 : done + 1;
    const target = coming.find((track) => track.waypoint);
    $("trip-told").textContent = `Song ${passed} of ${passed + left}; the next waypoint is “${target.title}”.`;
  } else if (travelled && stops.length && mode() === "journey") {
    setMode("similar");
    notice(`The journey has arrived at “${stops.at(-1).title}”. Songs like it follow.`);
  }
  if (travelled !== queue.travelling) {
    travelled = queue.travelling;
    showWaypoints();
  }
}

const buildComing = () =>
  buildRow({
    go: jump,
    pin: (track) => queue.pin(track),
    less: (track) => undoable(`Less like “${track.title}” from now on.`, () => queue.lessLike(track)),
    remove: (track) => undoable(`Removed “${track.title}”.`, () => queue.remove(track)),
  });
const buildPlayed = () => buildRow({ go: (track) => player.play(queue.again(track)) });

let wholePast = false;
function showQueue() {
  showMini();
  document.body.dataset.state = queue.now ? "playing" : "empty";
  showKeyed($("coming"), queue.coming, buildComing, (item, track) =>
    updateRow(item, track, {
      pinned: queue.isPinned(track), hint: "Play this one now", although: track.broken?.length ? `although: ${track.broken.join(", ")}` : "",
    }));
  const past = wholePast ? queue.history : queue.history.slice(-IN_SIGHT);
  $("past").hidden = !past.length;
  $("all-played").hidden = queue.history.length <= IN_SIGHT;
  $("all-played").textContent = wholePast ? "show fewer" : `show all ${queue.history.length}`;
  showKeyed($("played"), past, buildPlayed, (item, track) => updateRow(item, track, { hint: "Play this one again" }));
  const several = queue.followed.length > 1;
  showKeyed($("followed"), queue.followed, () => buildChip(unfollow), (item, track) =>
    updateChip(item, track, several ? `Follow ${track.title} no more` : ""));
  $("unliked").hidden = !queue.less.length;
  showKeyed($("less"), queue.less, () => buildChip((track) => queue.lessLike(track)), (item, track) =>
    updateChip(item, track, `No longer less like ${track.title}`));
  showUnlike();
  showJourney();
  showNow();
}

/** Say which of the songs that come no longer sound alike, if any. */
function showUnlike() {
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

function unfollow(track) {
  undoable(`Not following “${track.title}” any more.`, () => queue.unfollow(track));
}

function showNow() {
  const track = player.track ?? queue.now;
  showPlaying(player, track, Boolean(track) && queue.isPinned(track), highlight);
}

function showVolume() {
  $("volume").value = 100 * player.volume;
  $("volume").style.setProperty("--done", `${100 * player.volume}%`);
}

function mute() {
  if (player.volume) audible = player.volume;
  player.volume = player.volume ? 0 : audible;
}

const save = () => queue.now && openSaving(queue);
const pinNow = () => queue.now && queue.pin(queue.now);
const otherMode = () => switchMode(mode() === "journey" ? "similar" : "journey");

let mapped = null;
async function showTab(name) {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
    $(tab).hidden = tab !== name;
  }
  document.body.dataset.tab = name;
  showMini();
  if (name === "map" && !mapped) {
    mapped = await showMap(async (id) => choose(await api.track(id)));
    if (mapped) highlight = mapped;
    highlight(player.track?.id);
  }
}

/** Show a view so that the back button leads back from it. */
function visit(name) {
  if (document.body.dataset.tab === name) return;
  history.pushState(null, "", name === "map" ? "#map" : "/");
  showTab(name);
}

const addressed = () => (location.hash === "#map" ? "map" : "listen");

function takeTabs() {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).addEventListener("click", () => visit(tab));
    $(`tab-${tab}`).addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = tab === "listen" ? "map" : "listen";
      visit(other);
      $(`tab-${other}`).focus();
    });
  }
  addEventListener("popstate", () => showTab(addressed()));
}

let inSight = true;
function showMini() {
  $("mini").hidden = !queue.now || (inSight && document.body.dataset.tab !== "map");
  document.body.classList.toggle("short", !$("mini").hidden);
}

function takeMini() {
  $("mini-play").addEventListener("click", toggle);
  $("mini-next").addEventListener("click", () => next());
  $("mini-show").addEventListener("click", () => {
    visit("listen");
    scrollTo({ top: 0 });
  });
  new IntersectionObserver(([seen]) => {
    inSight = seen.isIntersecting || !queue.now;
    showMini();
  }).observe(document.querySelector(".transport"));
}

function takeControls() {
  $("play").addEventListener("click", toggle);
  $("next").addEventListener("click", () => next());
  $("previous").addEventListener("click", previous);
  $("pin").addEventListener("click", pinNow);
  $("save").addEventListener("click", save);
  $("over").addEventListener("click", startOver);
  $("travel").addEventListener("click", travel);
  $("volume").addEventListener("input", () => (player.volume = $("volume").value / 100));
  $("anything").addEventListener("click", async () => begin((await api.anything()).tracks));
  $("all-played").addEventListener("click", () => {
    wholePast = !wholePast;
    showQueue();
  });
  for (const radio of document.querySelectorAll("input[name=mode]")) radio.addEventListener("change", () => switchMode(radio.value));
  takeSeeking(player);
  takeMediaKeys({
    play: toggle, pause: () => player.pause(), nexttrack: () => next(), previoustrack: previous,
    seekto: ({ seekTime }) => player.seek(seekTime),
  });
  takeKeys([
    [" ", "play or pause", toggle],
    ["k", "play or pause", toggle],
    ["n", "next song", () => next()],
    ["p", "previous song, or this one from its beginning", previous],
    ["ArrowRight", "ten seconds on", () => player.seek(player.time + 10)],
    ["ArrowLeft", "ten seconds back", () => player.seek(player.time - 10)],
    ["/", "search", () => $("search").focus()],
    ["s", "save as a playlist", save],
    ["x", "keep following this song, or no more", pinNow],
    ["m", "sound off, or on again", mute],
    ["j", "journey, or songs like this one", otherMode],
  ]);
}

queue.addEventListener("change", showQueue);
queue.addEventListener("busy", () => {
  $("busy").hidden = !queue.busy;
  $("short").hidden = !queue.short || queue.busy;
  if ($("short").hidden) return;
  $("loosen").replaceChildren(...rulesInForce().map(([text, lift]) => {
    const loosen = make("button", { className: "soft", type: "button", textContent: text });
    loosen.addEventListener("click", lift);
    return make("li", {}, loosen);
  }));
});
queue.addEventListener("error", ({ detail }) => detail.status !== 0 && notice(detail.message, { lasting: true }));
queue.addEventListener("filled", () => broken || settle());
queue.addEventListener("notice", ({ detail }) => notice(detail));

/** What was there before a reload: the list, the song and its position; a file that was not analysed yet is sent again. */
async function restore({ key, time }) {
  const url = async (track) => {
    const file = await keptFile(track.file);
    if (file) opened.set(track.file, file);
    return file ? URL.createObjectURL(file) : null;
  };
  if (!(await queue.restore(url))) return false;
  player.show(queue.now, key === queue.now.key ? time : 0);
  if (queue.travelling) setMode("journey");
  queue.changed();
  queue.fill();
  const unheard = queue.seeds.find((seed) => !known(seed));
  if (unheard) hear(unheard, opened.get(unheard.file));
  return true;
}

async function status() {
  for (;;) {
    try {
      return await api.status();
    } catch (error) {
      if (error.status) throw error;
      await connection.again();
    }
  }
}

async function main() {
  if (location.search) history.replaceState(null, "", `/${location.hash}`); // the token is in a cookie by now
  const kept = recall(PLAYER) ?? {};
  player.volume = kept.volume ?? 1;
  player.crossfade = kept.crossfade ?? player.crossfade;
  takeControls();
  takeDrops(async (files) => {
    for (const file of mode() === "journey" ? files : files.slice(0, 1)) await open(file);
  });
  takeTabs();
  takeMini();
  showWaypoints();
  oneTabPlays(player, () => {
    player.pause();
    notice("Another tab plays now.", { lasting: true, action: ["Play here", toggle] });
  });
  searchField({ choose, chooseGroup, add, fail: notice });
  let told;
  try {
    told = await status();
  } catch (error) {
    return notice(error.message, { lasting: true });
  }
  told = await untilAnalysed(told, notice);
  $("keep").hidden = !told.writable;
  largest = told.largest_upload;
  alike = told.alike;
  demo = told.demo;
  if (demo) player.longest = demo / 3;
  queue.knobs = told.knobs;
  queue.rules = told.rules;
  const restored = !told.start.length && (await restore(kept));
  rulesInForce = showRules(told.tags, queue, player);
  $("size").textContent = `${told.tracks.toLocaleString("en")} songs are ready.`;
  if (told.start.length) {
    queue.start(told.start);
    player.play(queue.now);
  } else if (!restored) {
    player.tell("change");
  }
  await forgetFiles(new Set(queue.songs.map((track) => track.file)));
  showTab(addressed());
  document.body.dataset.ready = "yes";
}

main();
