// A library of which nothing has been analysed yet: what to do, how far it is, and when the page comes alive.

import * as api from "./api.js";
import { connection } from "./connection.js";
import { $ } from "./dom.js";

const EVERY = 2000; // milliseconds between two looks at how far it is

const songs = (count) => (count === 1 ? "1 song" : `${count.toLocaleString("en")} songs`);

function show({ analysis: { total, analysed, running }, writable }, begun) {
  const underWay = running || (analysed > 0 && analysed < total && begun);
  $("first-lead").textContent = total ? (underWay ? "Listening to your music." : "Your music has not been analysed yet.") : "Your library is empty.";
  $("first-told").textContent = total
    ? underWay
      ? `${analysed.toLocaleString("en")} of ${songs(total)}`
      : `${songs(total)} can be analysed. That takes some seconds a song, and only once; then this page plays what goes together.${
          writable ? "" : " Start the analysis on the machine that has the music. This page updates by itself."}`
    : "Add some music to it. This page updates by itself.";
  $("first-done").hidden = !underWay;
  $("first-done").value = total ? analysed / total : 0;
  $("analyse").hidden = !total || underWay || !writable;
}

/** Resolves with the server's status when there is something to play. */
export async function untilAnalysed(told, fail) {
  if (told.tracks) return told;
  document.body.dataset.first = document.body.dataset.ready = "yes";
  $("first").hidden = false;
  let begun = false;
  $("analyse").addEventListener("click", async () => {
    begun = true;
    try {
      Object.assign(told, await api.analyse());
      show(told, begun);
    } catch (error) {
      begun = false;
      fail(error.message);
    }
  });
  while (!told.tracks) {
    show(told, begun);
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    try {
      told = await api.status();
    } catch {
      await connection.again();
    }
  }
  delete document.body.dataset.first;
  $("first").hidden = true;
  return told;
}
