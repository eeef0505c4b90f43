// The map of the library: drawn by the script of the maps that are files.

import * as api from "./api.js";
import { $ } from "./dom.js";

/** pick(id): a song on the map was chosen. Returns what marks a song on it, or null if there is no map. */
export async function showMap(pick) {
  const told = $("no-map");
  told.textContent = "Drawing the map…";
  told.hidden = false;
  const progress = setInterval(async () => {
    const { done } = await api.mapProgress().catch(() => ({}));
    if (done != null) told.textContent = `Drawing the map… ${Math.round(100 * done)} %`;
  }, 1000);
  try {
    const data = await api.map().finally(() => clearInterval(progress));
    await import("/static/map/map.js");
    told.hidden = true;
    const map = globalThis.deejaiMap.draw($("canvas"), data, { onClick: pick });
    return (id) => map.highlight(id ?? null);
  } catch (error) {
    told.textContent = `There is no map. ${error instanceof api.ApiError ? error.message : "It cannot be drawn."}`;
    told.hidden = false;
    return null;
  }
}
