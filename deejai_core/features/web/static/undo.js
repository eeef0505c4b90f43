// Going back to what there was before somebody changed the list.

import { notice } from "./notices.js";
import { plan, player, queue } from "./page.js";

/** All that `comeBack` needs. */
export const snapshot = () => ({ queue: queue.state, plan: plan.state, time: player.time, playing: player.playing });

/** A notice's action: go on with what there was before, if there was something. */
export const undo = (before) => (before.queue.now || before.plan.waypoints.length ? ["Undo", () => comeBack(before)] : null);

/** Do what changes the list, and offer to undo it. text: what was done; empty to say nothing. */
export function undoable(text, act) {
  const before = snapshot();
  const done = act();
  if (text) notice(text, { action: undo(before) });
  return done;
}

/** Go on with what there was before. */
export function comeBack(before) {
  plan.set(before.plan);
  queue.comeBack(before.queue);
  if (!queue.now) return player.stop();
  if (player.track?.key === queue.now.key) return player.tell("change");
  if (!before.playing) return player.show(queue.now, before.time);
  player.play(queue.now);
  player.seek(before.time);
}
