// Journeys: planning one, and how far it has come.

import { $, numberIn } from "./dom.js";
import { complain, notice } from "./notices.js";
import { plan, player, queue } from "./page.js";
import { entry, same } from "./queue.js";
import { buildChip, showKeyed, updateChip } from "./rows.js";
import { snapshot, undo, undoable } from "./undo.js";

const MOST_WAYPOINTS = 20;

export function addWaypoint(track) {
  const last = plan.waypoints.at(-1);
  if (last && same(last, track)) return notice(`“${track.title}” is the last waypoint already; a journey leads from one to another.`);
  if (plan.waypoints.length === MOST_WAYPOINTS) return notice(`A journey has ${MOST_WAYPOINTS} waypoints at most.`);
  undoable(`Waypoint ${plan.waypoints.length + 1}: “${track.title}”.`, () => {
    plan.set({ waypoints: [...plan.waypoints, entry(track)] });
  });
}

function dropWaypoint(track) {
  undoable(`“${track.title}” is no longer a waypoint.`, () => {
    plan.set({ waypoints: plan.waypoints.filter((one) => one !== track) });
  });
}

/** Somebody switches between a journey and what is like a song. */
export function switchMode(mode) {
  if (mode === "similar" && queue.travelling) {
    undoable("Left the journey.", () => {
      queue.leave();
      plan.set({ mode });
    });
  } else plan.set({ mode });
}

export const otherMode = () => switchMode(plan.journey ? "similar" : "journey");

export async function travel() {
  $("travel").disabled = true;
  try {
    const before = snapshot();
    await queue.travel(plan.waypoints, Math.round(numberIn($("between")) ?? 0));
    plan.set({ waypoints: [] });
    player.play(queue.now);
    notice("The journey has begun.", { action: undo(before) });
  } catch (error) {
    complain(error);
  }
  showPlan();
}

export function showPlan() {
  const { mode, journey, waypoints } = plan;
  document.body.dataset.mode = mode;
  document.querySelector(`input[name=mode][value=${mode}]`).checked = true;
  $("search").placeholder = journey ? "Add a waypoint…" : "Play something like…";
  showKeyed($("waypoints"), waypoints, () => buildChip(dropWaypoint), (item, track) =>
    updateChip(item, track, `Take ${track.title} out of the journey`));
  $("travel").disabled = waypoints.length < 2;
  $("plan").hidden = waypoints.length > 1;
  $("plan").textContent = waypoints.length ? "And where to?" : "Search for or drop the songs that the journey leads through, in order.";
  $("planning").hidden = queue.travelling && !waypoints.length;
}

let travelled = false;
/** How far the journey has come. */
export function showJourney() {
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
  } else if (travelled && stops.length && plan.journey) {
    plan.set({ mode: "similar" });
    notice(`The journey has arrived at “${stops.at(-1).title}”. Songs like it follow.`);
  }
  if (travelled !== queue.travelling) {
    travelled = queue.travelling;
    showPlan();
  }
}
