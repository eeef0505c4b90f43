// The two views, the list and the map, and the strip below them while what plays is out of sight.

import { choose, next, toggle } from "./acts.js";
import * as api from "./api.js";
import { $ } from "./dom.js";
import { showMap } from "./maptab.js";
import { player, queue } from "./page.js";

let mapped = null; // marks a song on the map, once there is one

/** Mark a song on the map. */
export const highlight = (id) => mapped?.(id);

async function showTab(name) {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
    $(tab).hidden = tab !== name;
  }
  document.body.dataset.tab = name;
  showMini();
  if (name === "map" && !mapped) {
    mapped = await showMap(async (id) => choose(await api.track(id)));
    highlight(player.track?.id);
  }
}

/** Show the view that the address names. */
export const showAddressed = () => showTab(location.hash === "#map" ? "map" : "listen");

/** Show a view so that the back button leads back from it. */
function visit(name) {
  if (document.body.dataset.tab === name) return;
  history.pushState(null, "", name === "map" ? "#map" : "/");
  showTab(name);
}

export function takeTabs() {
  for (const tab of ["listen", "map"]) {
    $(`tab-${tab}`).addEventListener("click", () => visit(tab));
    $(`tab-${tab}`).addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const other = tab === "listen" ? "map" : "listen";
      visit(other);
      $(`tab-${other}`).focus();
    });
  }
  addEventListener("popstate", showAddressed);
}

let inSight = true;
export function showMini() {
  $("mini").hidden = !queue.now || (inSight && document.body.dataset.tab !== "map");
  document.body.classList.toggle("short", !$("mini").hidden);
}

export function takeMini() {
  $("mini-play").addEventListener("click", toggle);
  $("mini-next").addEventListener("click", () => next());
  $("mini-show").addEventListener("click", () => {
    visit("listen");
    scrollTo({ top: 0 });
  });
  new IntersectionObserver(([seen]) => {
    inSight = seen.isIntersecting || !queue.now;
    showMini();
  }).observe(document.querySelector(".transport"));
}
