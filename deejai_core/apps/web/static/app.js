// The page: what a click, a key or the end of a song does, and what is shown of it.

import * as api from "./api.js";
import { coverUrl, showCover } from "./covers.js";
import { $, clock, icon, make } from "./dom.js";
import { showMap } from "./maptab.js";
import { Player } from "./player.js";
import { Queue, entry } from "./queue.js";
import { showRules } from "./rules.js";
import { openSaving } from "./saving.js";
import { searchField } from "./search.js";

const player = new Player();
const queue = new Queue();
let waypoints = []; // of a journey that is being planned
let demo = null; // seconds after which it skips
const MOST_BROKEN = 10; // songs in a row that are passed over
let broken = 0; // songs in a row that could not be played

const mode = () => document.body.dataset.mode;

let silence;
function notice(text, { lasting = false } = {}) {
  $("notice").textContent = text;
  $("notice").classList.toggle("shown", Boolean(text));
  clearTimeout(silence);
  if (text && !lasting) silence = setTimeout(() => notice(""), 6000);
}

function begin(tracks) {
  setMode("similar");
  queue.start(tracks);
  return player.play(queue.now);
}

function choose(track) {
  if (mode() === "journey") addWaypoint(track);
  else begin([track]);
}

function add(track) {
  if (mode() === "journey") return addWaypoint(track);
  const idle = !queue.now;
  queue.add(track);
  if (idle) player.play(queue.now);
  else notice(`Also following “${track.title}”; it comes next.`);
}

function next(faded = false) {
  const before = queue.now;
  const track = queue.next();
  if (track) player.play(track, { faded });
  else if (!queue.busy) {
    player.pause();
    notice("Nothing comes next: the library has no more songs that keep these rules.");
  } else {
    queue.addEventListener("filled", () => queue.now === before && next(faded), { once: true });
  }
}

function previous() {
  if (player.time > 5 || !queue.history.length) return player.seek(0);
  const track = queue.previous();
  if (track) player.play(track);
}

function toggle() {
  if (!player.track && queue.now) player.play(queue.now);
  else player.toggle();
}

player.addEventListener("end", () => next(true));
player.addEventListener("soon", () => queue.coming[0] && player.prepare(queue.coming[0]));
player.addEventListener("time", () => {
  broken = player.time > 1 ? 0 : broken;
  showTime();
  if (demo && player.playing && player.time >= demo) next(true);
});
player.addEventListener("broken", () => {
  const { track } = player;
  if (track?.blob && track.id != null) {
    delete track.blob; // the library has it, and the server makes what this browser plays
    player.play(track);
  } else if (track?.blob && !queue.coming.length) {
    queue.addEventListener("filled", () => player.track === track && next(), { once: true });
  } else if (++broken > MOST_BROKEN) {
    player.pause();
    notice("Several songs in a row cannot be played; is the drive with the music there?", { lasting: true });
  } else {
    notice(`“${track?.title}” cannot be played.`);
    next();
  }
});
player.addEventListener("change", showPlaying);

let largest = 500_000_000;

async function open(file) {
  if (!file) return;
  if (file.size > largest) return notice(`“${file.name}” is too large; ${Math.floor(largest / 1e6)} MB is the most.`);
  const track = { title: file.name.replace(/\.[^.]*$/, ""), artist: "", album: "", length: null, format: "", blob: URL.createObjectURL(file) };
  const planning = mode() === "journey";
  notice(`Listening to “${track.title}”…`, { lasting: true });
  const before = { queue: queue.state, time: player.time, playing: player.playing };
  let now;
  if (!planning) {
    begin([track]); // it plays while it is listened to
    now = queue.now;
  }
  try {
    const { track: known, artist, title, length, vector } = await api.upload(file);
    const found = known ? { ...known } : { artist, title, length, vector };
    notice(known ? "Your library has this song." : "");
    if (planning) addWaypoint({ ...track, ...found });
    else if (queue.seeds.includes(now)) {
      queue.heard(now, found);
      player.tell("change");
    }
  } catch (error) {
    notice(error.message);
    if (now && queue.seeds.includes(now)) comeBack(before);
  }
}

/** Go on with what there was before a file that turned out to be none. */
function comeBack({ queue: state, time, playing }) {
  queue.comeBack(state);
  if (!queue.now) return player.stop();
  if (playing) player.play(queue.now);
  else player.show(queue.now);
  player.seek(time);
}

function takeDrops() {
  let depth = 0;
  const shown = (on) => document.body.classList.toggle("dropping", on);
  const files = (event) => [...event.dataTransfer.types].includes("Files");
  addEventListener("dragenter", (event) => files(event) && (event.preventDefault(), depth++, shown(true)));
  addEventListener("dragleave", (event) => files(event) && --depth <= 0 && shown((depth = 0)));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!files(event)) return;
    event.preventDefault();
    shown(Boolean((depth = 0)));
    const dropped = [...event.dataTransfer.files];
    for (const file of mode() === "journey" ? dropped : dropped.slice(0, 1)) await open(file);
  });
  $("file").addEventListener("change", () => {
    open($("file").files[0]);
    $("file").value = "";
  });
  for (const id of ["open", "choose"]) $(id).addEventListener("click", () => $("file").click());
}

function setMode(name) {
  document.body.dataset.mode = name;
  document.querySelector(`input[name=mode][value=${name}]`).checked = true;
  $("search").placeholder = name === "journey" ? "Add a waypoint…" : "Play something like…";
}

function addWaypoint(track) {
  waypoints.push(entry(track));
  showWaypoints();
}

function showWaypoints() {
  $("waypoints").replaceChildren(
    ...waypoints.map((track) => chip(track, `Take ${track.title} out of the journey`, () => {
      waypoints = waypoints.filter((one) => one !== track);
      showWaypoints();
    })),
  );
  $("travel").disabled = waypoints.length < 2;
  $("plan").hidden = waypoints.length > 1;
  $("plan").textContent = waypoints.length ? "And where to?" : "Search or drop the songs that the way leads by, in order.";
}

async function travel() {
  $("travel").disabled = true;
  try {
    await queue.travel(waypoints, Number($("between").value) || 0);
    waypoints = [];
    setMode("similar");
    player.play(queue.now);
  } catch (error) {
    notice(error.message);
  }
  showWaypoints();
}

function chip(track, told, remove) {
  const cover = make("span", { className: "thumb" });
  showCover(cover, track);
  const item = make("li", { className: "chip", title: [track.artist, track.title].filter(Boolean).join(" – ") }, cover,
    make("span", { className: "name", textContent: track.title }));
  if (remove) {
    const button = make("button", { className: "quiet", type: "button" }, icon("close"));
    button.setAttribute("aria-label", told);
    button.addEventListener("click", remove);
    item.append(button);
  }
  return item;
}

function row(track) {
  const cover = make("span", { className: "thumb" });
  showCover(cover, track);
  const told = make("span", { className: "told" },
    make("span", { className: "name", textContent: track.title }),
    make("span", { className: "faint", textContent: [track.artist, track.album].filter(Boolean).join(" · ") }));
  const go = make("button", { className: "go", type: "button", title: "Play this one now" }, cover, told);
  const likeness = make("span", { className: "likeness" });
  if (track.waypoint) likeness.append(make("span", { className: "stop", textContent: "waypoint" }));
  else if (track.similarity != null) {
    const bar = make("span", { className: "bar" });
    bar.style.setProperty("--share", Math.max(0, track.similarity));
    likeness.append(bar, make("span", { textContent: track.similarity.toFixed(2) }));
    likeness.title = `Similarity ${track.similarity.toFixed(2)}` + (track.broken?.length ? `, although: ${track.broken.join(", ")}` : "");
    likeness.classList.toggle("although", Boolean(track.broken?.length));
  }
  const pinned = queue.isPinned(track);
  const pin = make("button", { className: "quiet", type: "button", title: pinned ? "Unpin" : "Pin: it stays, and is followed" }, icon("pin"));
  pin.setAttribute("aria-pressed", String(pinned));
  pin.setAttribute("aria-label", `${pinned ? "Unpin" : "Pin"} ${track.title}`);
  const remove = make("button", { className: "quiet", type: "button", title: "Remove" }, icon("close"));
  remove.setAttribute("aria-label", `Remove ${track.title}`);
  go.addEventListener("click", () => player.play(queue.jump(track)));
  pin.addEventListener("click", () => queue.pin(track));
  remove.addEventListener("click", () => queue.remove(track));
  const item = make("li", {}, go, likeness, make("span", { className: "time faint", textContent: clock(track.length) }), pin, remove);
  item.dataset.id = track.id ?? "";
  item.classList.toggle("pinned", pinned);
  return item;
}

function showQueue() {
  showMini();
  document.body.dataset.state = queue.now ? "playing" : "empty";
  $("coming").replaceChildren(...queue.coming.map(row));
  const several = queue.followed.length > 1;
  $("followed").replaceChildren(
    ...queue.followed.map((track) => chip(track, `Follow ${track.title} no more`, several && (() => queue.unfollow(track)))),
  );
  showPlaying();
}

let covered; // whose cover is shown
function showPlaying() {
  const track = player.track ?? queue.now;
  for (const id of ["play", "mini-play"]) {
    $(id).querySelector("use").setAttribute("href", player.playing ? "#i-pause" : "#i-play");
    $(id).querySelector(".sr").textContent = player.playing ? "Pause" : "Play";
  }
  $("play").title = `${player.playing ? "Pause" : "Play"} (space)`;
  document.body.classList.toggle("running", player.playing);
  if (!track) return;
  $("title").textContent = track.title;
  $("artist").textContent = track.artist;
  $("mini-title").textContent = track.title;
  $("mini-artist").textContent = track.artist;
  $("album").textContent = track.album;
  document.title = `${[track.title, track.artist].filter(Boolean).join(" – ")} · deejai`;
  $("pin").setAttribute("aria-pressed", String(queue.isPinned(track)));
  const shown = `${track.id ?? track.key}/${track.artist}/${track.title}`;
  if (covered !== shown) {
    covered = shown;
    showCover($("cover"), track);
    showCover($("mini-cover"), track);
    const url = coverUrl(track);
    $("backdrop").hidden = !url;
    if (url) $("backdrop").src = url;
    highlight?.(track.id);
  }
  showTime();
  tellSystem(track);
}

let seeking = false;
function showTime() {
  const { time, duration } = player;
  $("elapsed").textContent = clock(time) || "0:00";
  $("left").textContent = duration ? `-${clock(Math.max(0, duration - time))}` : "";
  if (!seeking) $("seek").value = duration ? Math.round((1000 * time) / duration) : 0;
  $("seek").style.setProperty("--done", `${duration ? (100 * time) / duration : 0}%`);
  $("seek").setAttribute("aria-valuetext", `${clock(time)} of ${clock(duration)}`);
}

function tellSystem(track) {
  const session = navigator.mediaSession;
  if (!session) return;
  const url = coverUrl(track);
  session.metadata = new MediaMetadata({
    title: track.title, artist: track.artist, album: track.album, artwork: url ? [{ src: url }] : [],
  });
  session.playbackState = player.playing ? "playing" : "paused";
  const { time, duration } = player;
  if (duration && time <= duration) session.setPositionState?.({ duration, position: time });
}

function takeMediaKeys() {
  const session = navigator.mediaSession;
  if (!session) return;
  const keys = {
    play: toggle, pause: () => player.pause(), nexttrack: () => next(), previoustrack: previous,
    seekto: ({ seekTime }) => player.seek(seekTime),
  };
  for (const [key, act] of Object.entries(keys)) session.setActionHandler(key, act);
}

function takeKeys() {
  const keys = {
    " ": toggle, k: toggle, n: () => next(), p: previous,
    ArrowRight: () => player.seek(player.time + 10), ArrowLeft: () => player.seek(player.time - 10),
    "/": () => $("search").focus(), s: save, x: () => queue.now && queue.pin(queue.now),
    m: () => setVolume(player.volume ? 0 : 1), j: () => setMode(mode() === "journey" ? "similar" : "journey"),
  };
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=range], [type=radio], [type=checkbox]), select, dialog")) return;
    if (event.key === " " && target.closest("button, summary, label, input")) return; // it presses those
    if (event.key.startsWith("Arrow") && target.closest("input, [role=tab]")) return;
    const act = keys[event.key];
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  });
}

function setVolume(value) {
  player.volume = value;
  $("volume").value = 100 * value;
  $("volume").style.setProperty("--done", `${100 * value}%`);
}

const save = () => queue.now && openSaving(queue, notice);

let highlight = null;

async function showTab(name) {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
    $(tab).hidden = tab !== name;
  }
  document.body.dataset.tab = name;
  showMini();
  if (name === "map" && !highlight) {
    highlight = await showMap(async (id) => choose(await api.track(id)));
    highlight?.(player.track?.id);
  }
}

function takeTabs() {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).addEventListener("click", () => showTab(tab));
    $(`tab-${tab}`).addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = tab === "listen" ? "map" : "listen";
      showTab(other);
      $(`tab-${other}`).focus();
    });
  }
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
    showTab("listen");
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
  $("pin").addEventListener("click", () => queue.now && queue.pin(queue.now));
  $("save").addEventListener("click", save);
  $("travel").addEventListener("click", travel);
  $("seek").addEventListener("input", () => {
    seeking = true;
    $("elapsed").textContent = clock(($("seek").value / 1000) * player.duration);
  });
  $("seek").addEventListener("change", () => {
    seeking = false;
    player.seek(($("seek").value / 1000) * player.duration);
  });
  $("volume").addEventListener("input", () => setVolume($("volume").value / 100));
  $("anything").addEventListener("click", async () => begin((await api.anything()).tracks));
  for (const radio of document.querySelectorAll("input[name=mode]")) radio.addEventListener("change", () => setMode(radio.value));
}

queue.addEventListener("change", showQueue);
queue.addEventListener("busy", () => {
  $("busy").hidden = !queue.busy;
  $("short").hidden = !queue.short || queue.busy;
});
queue.addEventListener("error", ({ detail }) => notice(detail.message, { lasting: true }));
// What was wrong is over: it need not be read any longer.
queue.addEventListener("filled", () => $("notice").textContent && !broken && notice($("notice").textContent));
queue.addEventListener("notice", ({ detail }) => notice(detail));

async function main() {
  if (location.search) history.replaceState(null, "", "/"); // the token is in a cookie by now
  takeControls();
  takeDrops();
  takeKeys();
  takeMediaKeys();
  takeTabs();
  takeMini();
  showWaypoints();
  setVolume(1);
  searchField({ choose, add, fail: notice });
  let told;
  try {
    told = await api.status();
  } catch (error) {
    return notice(error.message, { lasting: true });
  }
  largest = told.largest_upload;
  demo = told.demo;
  if (demo) player.longest = demo / 3;
  queue.knobs = told.knobs;
  queue.rules = told.rules;
  const restored = !told.start.length && queue.restore();
  showRules(told.tags, queue, player);
  $("size").textContent = `${told.tracks.toLocaleString("en")} songs are ready.`;
  if (told.start.length) {
    queue.start(told.start);
    player.play(queue.now);
  } else if (restored) {
    player.show(queue.now);
    queue.changed();
    queue.fill();
  }
  document.body.dataset.ready = "yes";
}

main();
