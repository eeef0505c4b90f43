// The map of the library: drawn by the script of the maps that are files.

import * as api from "./api.js";
import { $ } from "./dom.js";

const say = (text) => {
  $("no-map").textContent = text;
  $("no-map").hidden = !text;
};
const reason = (error) => (error instanceof api.ApiError ? error.message : "It cannot be drawn.");

/** The map, while it is said how far it is laid out. */
async function laidOut() {
  let finished = false; // an answer of before then comes too late to be said
  const progress = setInterval(async () => {
    const { done } = await api.mapProgress().catch(() => ({}));
    if (done != null && !finished) say(`Drawing the map… ${Math.round(100 * done)} %`);
  }, 1000);
  return api.map().finally(() => {
    finished = true;
    clearInterval(progress);
  });
}

/**
 * pick(id): a song on the map was chosen. Returns what marks a song on it, or null if there is no map. A map that takes
 * minutes is shown as a sketch at first.
 */
export async function showMap(pick) {
  let map = null;
  let marked = null;
  const draw = async (data) => {
    await import("/static/map/map.js");
    map?.destroy();
    map = globalThis.deejaiMap.draw($("canvas"), data, { onClick: pick });
    map.highlight(marked);
  };
  const finish = async () => {
    await draw(await laidOut());
    say("");
  };
  say("Drawing the map…");
  try {
    const sketch = await api.mapSketch();
    if (!sketch) await finish();
    else {
      await draw(sketch);
      finish().catch((error) => say(`This is only a sketch of the map. ${reason(error)}`));
    }
    return (id) => map.highlight((marked = id ?? null));
  } catch (error) {
    say(`There is no map. ${reason(error)}`);
    return null;
  }
}
