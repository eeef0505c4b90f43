// Saving what was played and what comes as a playlist.

import * as api from "./api.js";
import { $ } from "./dom.js";

let queue;
let replace = false; // the next try may replace a playlist of this name

export function openSaving(of) {
  queue = of;
  replace = false;
  $("name").value = title(queue).slice(0, 150);
  $("saved").textContent = "";
  $("keep").textContent = "Save in the playlist folder";
  $("saving").showModal();
  $("name").select();
}

function title({ seeds: [seed], stops }) {
  if (stops.length) return `Journey from ${stops[0].title} to ${stops.at(-1).title}`;
  return `Like ${[seed.artist, seed.title].filter(Boolean).join(" - ")}`;
}

function wanted() {
  const all = [...queue.history, queue.now, ...queue.coming];
  const ids = all.filter((track) => track?.id != null).map((track) => track.id);
  return { body: { title: $("name").value.trim(), ids }, left: all.length - ids.length };
}

async function attempt(act) {
  const { body, left } = wanted();
  if (!body.title) return ($("saved").textContent = "It needs a name.");
  if (!body.ids.length) return ($("saved").textContent = "None of these songs is in the library.");
  try {
    const told = await act(body);
    $("saved").textContent = told + (left ? ` ${left} not in the library, so left out.` : "");
  } catch (error) {
    $("saved").textContent = error.message;
    if (error.status === 409) {
      $("saved").textContent += " Choose another name, or replace it.";
      replace = true;
      $("keep").textContent = "Replace it";
    }
  }
}

$("keep").addEventListener("click", () =>
  attempt(async (body) => {
    const { path, tracks } = await api.save({ ...body, replace });
    replace = false;
    $("keep").textContent = "Save in the playlist folder";
    return `${tracks} tracks written to ${path}.`;
  }),
);
$("download").addEventListener("click", () =>
  attempt(async (body) => {
    const url = URL.createObjectURL(await api.download(body));
    const link = Object.assign(document.createElement("a"), { href: url, download: `${body.title.replace(/[/\\:]/g, "_")}.m3u` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return "Downloaded.";
  }),
);
$("cancel").addEventListener("click", () => $("saving").close());
$("name").addEventListener("input", () => {
  replace = false;
  $("keep").textContent = "Save in the playlist folder";
});
$("name").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  $("keep").click();
});
