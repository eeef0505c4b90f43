// What is shown of the song that plays: here, and by the system.

import { coverUrl, showCover } from "./covers.js";
import { $, clock } from "./dom.js";

let covered; // whose cover is shown
let seeking = false;

/** pinned: whether it is followed all the time. highlight(id): marks it on the map. */
export function showPlaying(player, track, pinned, highlight) {
  for (const id of ["play", "mini-play"]) {
    $(id).querySelector("use").setAttribute("href", player.playing ? "#i-pause" : "#i-play");
    $(id).querySelector(".sr").textContent = player.playing ? "Pause" : "Play";
  }
  $("play").title = `${player.playing ? "Pause" : "Play"} (space)`;
  document.body.classList.toggle("running", player.playing);
  document.body.classList.toggle("waiting", Boolean(track) && player.waiting);
  if (!track) {
    covered = undefined;
    document.title = "deejai";
    tellSystem(player, null);
    return;
  }
  $("title").textContent = track.title;
  $("artist").textContent = track.artist;
  $("mini-title").textContent = track.title;
  $("mini-artist").textContent = track.artist;
  $("album").textContent = track.album;
  document.title = `${[track.title, track.artist].filter(Boolean).join(" – ")} · deejai`;
  $("pin").setAttribute("aria-pressed", String(pinned));
  const shown = `${track.id ?? track.key}/${track.artist}/${track.title}`;
  if (covered !== shown) {
    covered = shown;
    showCover($("cover"), track);
    showCover($("mini-cover"), track);
    const url = coverUrl(track);
    $("backdrop").hidden = !url;
    if (url) $("backdrop").src = url;
    $("told").textContent = `Now playing: ${[track.title, track.artist].filter(Boolean).join(" by ")}`;
    highlight(track.id);
  }
  showTime(player);
  tellSystem(player, track);
}

export function showTime(player) {
  const { time, duration } = player;
  $("elapsed").textContent = clock(time) || "0:00";
  $("left").textContent = duration ? `-${clock(Math.max(0, duration - time))}` : "";
  if (!seeking) $("seek").value = duration ? Math.round((1000 * time) / duration) : 0;
  $("seek").style.setProperty("--done", `${duration ? (100 * time) / duration : 0}%`);
  $("seek").setAttribute("aria-valuetext", `${clock(time)} of ${clock(duration)}`);
}

export function takeSeeking(player) {
  const chosen = () => ($("seek").value / 1000) * player.duration;
  $("seek").addEventListener("input", () => {
    seeking = true;
    $("elapsed").textContent = clock(chosen());
  });
  $("seek").addEventListener("change", () => {
    seeking = false;
    player.seek(chosen());
  });
}

/** track: what plays, or null. */
function tellSystem(player, track) {
  const session = navigator.mediaSession;
  if (!session) return;
  const url = track && coverUrl(track);
  session.metadata = track && new MediaMetadata({
    title: track.title, artist: track.artist, album: track.album, artwork: url ? [{ src: url }] : [],
  });
  session.playbackState = !track ? "none" : player.playing ? "playing" : "paused";
  const { time, duration } = player;
  session.setPositionState?.(track && duration && time <= duration ? { duration, position: time } : {});
}

/** acts: what the keys of the system do. */
export function takeMediaKeys(acts) {
  for (const [key, act] of Object.entries(acts)) {
    try {
      navigator.mediaSession?.setActionHandler(key, act);
    } catch {
      // This browser does not know the key.
    }
  }
}
