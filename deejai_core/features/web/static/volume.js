// The volume: the slider, and the key that mutes.

import { $ } from "./dom.js";
import { player } from "./page.js";

let audible = 1; // the volume to come back to from none

export function showVolume() {
  $("volume").value = 100 * player.volume;
  $("volume").style.setProperty("--done", `${100 * player.volume}%`);
}

export function mute() {
  if (player.volume) audible = player.volume;
  player.volume = player.volume ? 0 : audible;
}

export function takeVolume() {
  $("volume").addEventListener("input", () => (player.volume = $("volume").value / 100));
}
