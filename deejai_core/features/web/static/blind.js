// A blind test: two lists at a time. The server knows what made which, and this page does not before the end.

import * as api from "./api.js";
import { $, make } from "./dom.js";

const audio = $("audio");
const facts = { rounds: 0 };
let test = null; // what the server calls it
let round = 0; // the number of the one that is shown
let busy = false;
let playing = null; // the button of the song that plays

const say = (text) => ($("said").textContent = text);

function show(section) {
  for (const id of ["begin", "round", "result"]) $(id).hidden = id !== section;
  say("");
  scrollTo(0, 0);
}

/** One thing at a time; what fails is said. */
async function during(act, told = "") {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  say(told);
  try {
    await act();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 404) {
      quiet();
      show("begin"); // the server has forgotten this test
    }
    say(error.message);
  } finally {
    busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

const name = (track) => [track.artist, track.title].filter(Boolean).join(" - ");

function mark(button) {
  playing?.removeAttribute("aria-current");
  playing = button;
  playing?.setAttribute("aria-current", "true");
}

function play(button, track) {
  mark(button);
  audio.onerror = () => {
    audio.onerror = () => say(`“${track.title}” cannot be played.`);
    audio.src = api.audioUrl(track, { transcode: true }); // it is not what it says it is
    audio.play().catch(() => {});
  };
  audio.src = api.audioUrl(track);
  audio.play().catch(() => {}); // the same is told as an error
}

function entry(track) {
  const told = make("span", { className: "told" }, make("span", { className: "name", textContent: track.title }), make("span", { className: "faint", textContent: track.artist }));
  const button = make("button", { type: "button", className: "go" }, told);
  button.setAttribute("aria-label", `Play ${name(track)}`);
  button.addEventListener("click", () => play(button, track));
  return make("li", {}, button);
}

function quiet() {
  audio.onerror = null;
  audio.removeAttribute("src");
  audio.load();
  mark(null);
}

async function next() {
  const { round: found } = await api.blind("next", { test });
  if (!found) return end();
  round += 1;
  quiet();
  $("round-title").textContent = `Round ${round} of ${facts.rounds}`;
  $("seed").textContent = found.seed ? name(found.seed) : "a song that is gone";
  $("seed").onclick = () => found.seed && play($("seed"), found.seed);
  document.querySelectorAll(".lists ol").forEach((list, place) => list.replaceChildren(...found.lists[place].map(entry)));
  show("round");
  $("round-title").focus();
}

async function end() {
  const { revealed, told } = await api.blind("end", { test });
  quiet();
  $("revealed").replaceChildren(...revealed.map((line) => make("li", { textContent: line })));
  $("verdict").replaceChildren(...told.map((line) => make("li", { textContent: line.trim() })));
  show("result");
  if (round < facts.rounds && revealed.length === round) say("There are no more songs for which the two sides make different lists.");
  $("result-title").focus();
}

const vote = (chosen) =>
  during(async () => {
    try {
      await api.blind("vote", { test, chosen });
    } catch (error) {
      if (error.status !== 409) throw error; // it is stored already, and what got lost was the answer, or the next round
    }
    await next();
  });

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  during(async () => {
    ({ test } = await api.blind("begin", { one: $("one").value, other: $("other").value, query: $("query").value }));
    round = 0;
    await next();
  }, "Making lists…");
});
for (const button of document.querySelectorAll("[data-chosen]")) button.addEventListener("click", () => vote(Number(button.dataset.chosen)));
$("end").addEventListener("click", () => during(end));
$("again").addEventListener("click", () => {
  show("begin");
  $("one").focus();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("round").hidden || event.target.closest("audio, input")) return;
  if (["0", "1", "2"].includes(event.key)) vote(Number(event.key));
});
audio.addEventListener("ended", () => playing?.closest("li")?.nextElementSibling?.querySelector("button").click());

await during(async () => {
  const told = await api.blindSides();
  facts.rounds = told.rounds;
  $("sides").replaceChildren(...told.sides.map((value) => make("option", { value })));
});
document.body.dataset.ready = "yes";
