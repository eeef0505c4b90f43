// One tab plays at a time: where one begins, the others pause.

/** pause(): another tab plays now. */
export function oneTabPlays(player, pause) {
  if (!globalThis.BroadcastChannel) return;
  const others = new BroadcastChannel("deejai");
  let playing = false;
  player.addEventListener("change", () => {
    if (player.playing && !playing) others.postMessage("playing");
    playing = player.playing;
  });
  others.addEventListener("message", () => player.wanted && pause());
}
