// The page: it shows what changes, and begins.

import { add, choose, chooseGroup, toggle } from "./acts.js";
import * as api from "./api.js";
import { connection } from "./connection.js";
import { takeControls } from "./controls.js";
import { $ } from "./dom.js";
import { takeDrops } from "./drops.js";
import { open } from "./files.js";
import { untilAnalysed } from "./first.js";
import { showJourney, showPlan } from "./journey.js";
import { showBusy, showList } from "./list.js";
import { forgetFiles } from "./memory.js";
import { complain, notice } from "./notices.js";
import { facts, plan, player, queue } from "./page.js";
import { keepPlaying } from "./playback.js";
import { showPlaying, showTime } from "./playing.js";
import { recallPlayer, rememberPlan, rememberPlayer, rememberTime, restore } from "./reload.js";
import { showRules } from "./rules.js";
import { searchField } from "./search.js";
import { oneTabPlays } from "./tabs.js";
import { highlight, showAddressed, showMini, takeMini, takeTabs } from "./views.js";
import { showVolume } from "./volume.js";

let rulesInForce = () => [];

function showNow() {
  const track = player.track ?? queue.now;
  showPlaying(player, track, Boolean(track) && queue.isPinned(track), highlight);
}

function showChanges() {
  player.addEventListener("change", showNow);
  player.addEventListener("time", () => {
    showTime(player);
    rememberTime();
  });
  player.addEventListener("settings", () => {
    showVolume();
    rememberPlayer();
  });
  plan.addEventListener("change", () => {
    showPlan();
    rememberPlan();
  });
  queue.addEventListener("change", () => {
    showMini();
    showList();
    showJourney();
    showNow();
  });
  queue.addEventListener("busy", () => showBusy(rulesInForce()));
}

function takeActs() {
  takeControls();
  takeDrops(async (files) => {
    for (const file of plan.journey ? files : files.slice(0, 1)) await open(file, files.length);
  });
  takeTabs();
  takeMini();
  searchField({ choose, chooseGroup, add, tell: notice, fail: complain });
  oneTabPlays(player, () => {
    player.pause();
    notice("Another tab plays now.", { lasting: true, action: ["Play here", toggle] });
  });
}

/** Whatever is asked of the server may fail, also where nobody waits for the answer. */
function takeFailures() {
  addEventListener("unhandledrejection", (event) => {
    if (!(event.reason instanceof api.ApiError)) return;
    event.preventDefault();
    complain(event.reason);
  });
}

async function status() {
  for (;;) {
    try {
      return await api.status();
    } catch (error) {
      if (error.status) throw error;
      await connection.again();
    }
  }
}

async function main() {
  if (location.search) history.replaceState(null, "", `/${location.hash}`); // the token is in a cookie by now
  showChanges();
  keepPlaying();
  takeActs();
  takeFailures();
  const kept = recallPlayer();
  showPlan();
  let told;
  try {
    told = await status();
  } catch (error) {
    return notice(error.message, { lasting: true });
  }
  told = await untilAnalysed(told, notice);
  $("keep").hidden = !told.writable;
  Object.assign(facts, told);
  if (facts.demo) player.longest = facts.demo / 3;
  queue.knobs = told.knobs;
  queue.rules = told.rules;
  const restored = !told.start.length && (await restore(kept));
  rulesInForce = showRules(told.tags, queue, player);
  $("size").textContent = `${told.tracks.toLocaleString("en")} songs are ready.`;
  if (told.start.length) {
    queue.start(told.start);
    player.play(queue.now);
  } else if (!restored) {
    player.tell("change");
  }
  await forgetFiles(new Set([...queue.songs, ...plan.waypoints].map((track) => track.file)));
  showAddressed();
  document.body.dataset.ready = "yes";
}

main();
