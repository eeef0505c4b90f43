// What each button, key and media key does.

import { beginAnywhere, next, pinNow, previous, save, startOver, toggle } from "./acts.js";
import { $ } from "./dom.js";
import { otherMode, switchMode, travel } from "./journey.js";
import { takeKeys } from "./keys.js";
import { togglePast } from "./list.js";
import { player } from "./page.js";
import { takeMediaKeys, takeSeeking } from "./playing.js";
import { mute, takeVolume } from "./volume.js";

const STEP = 10; // seconds
const seekBy = (seconds) => player.seek(player.time + seconds);

export function takeControls() {
  const buttons = {
    play: toggle, next: () => next(), previous, pin: pinNow, save, over: startOver, travel, anything: beginAnywhere, "all-played": togglePast,
  };
  for (const [id, act] of Object.entries(buttons)) $(id).addEventListener("click", () => act());
  for (const radio of document.querySelectorAll("input[name=mode]")) radio.addEventListener("change", () => switchMode(radio.value));
  takeVolume();
  takeSeeking(player);
  takeMediaKeys({
    play: () => player.playing || toggle(), pause: () => player.pause(), stop: () => player.pause(),
    nexttrack: () => next(), previoustrack: previous,
    seekforward: ({ seekOffset }) => seekBy(seekOffset ?? STEP), seekbackward: ({ seekOffset }) => seekBy(-(seekOffset ?? STEP)),
    seekto: ({ seekTime }) => player.seek(seekTime),
  });
  takeKeys([
    [" ", "play or pause", toggle],
    ["k", "play or pause", toggle],
    ["n", "next song", () => next()],
    ["p", "previous song, or this one from its beginning", previous],
    ["ArrowRight", "ten seconds forward", () => seekBy(STEP)],
    ["ArrowLeft", "ten seconds back", () => seekBy(-STEP)],
    ["/", "search", () => $("search").focus()],
    ["s", "save as a playlist", save],
    ["x", "follow this song, or stop following it", pinNow],
    ["m", "mute, or unmute", mute],
    ["j", "journey, or songs like this one", otherMode],
  ]);
}
