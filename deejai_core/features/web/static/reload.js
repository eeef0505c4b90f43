// A reload changes nothing: list, song, position, volume and crossfade are as they were.

import { hear, openAgain } from "./files.js";
import { recall, remember } from "./memory.js";
import { plan, player, queue } from "./page.js";
import { known, lasting, reopened } from "./queue.js";

const PLAYER = "deejai-player";
const PLAN = "deejai-plan";

let remembered = 0; // seconds at which the song was

export function rememberPlayer() {
  remembered = player.time;
  remember(PLAYER, { key: player.track?.key, time: player.time, volume: player.volume, crossfade: player.crossfade });
}

export function rememberTime() {
  if (Math.abs(player.time - remembered) >= 1) rememberPlayer();
}

/** What the player was like, for `restore`; volume and crossfade are so again. */
export function recallPlayer() {
  const kept = recall(PLAYER) ?? {};
  player.volume = kept.volume ?? player.volume;
  player.crossfade = kept.crossfade ?? player.crossfade;
  return kept;
}

export const rememberPlan = () => remember(PLAN, { mode: plan.mode, waypoints: lasting(plan.waypoints) });

/** The journey that was planned, the list, the song and its position; a file that was not analysed yet is sent again. Whether
 * there was a list. */
export async function restore({ key, time }) {
  const { mode, waypoints = [] } = recall(PLAN) ?? {};
  plan.set({ mode, waypoints: await reopened(waypoints, openAgain) });
  if (!(await queue.restore(openAgain))) return false;
  player.show(queue.now, key === queue.now.key ? time : 0);
  if (queue.travelling) plan.set({ mode: "journey" });
  queue.changed();
  queue.fill();
  const unheard = queue.seeds.find((seed) => !known(seed));
  if (unheard) hear(unheard);
  return true;
}
