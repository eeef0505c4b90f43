// What goes on by itself: the next song, and what is done about songs and servers that fail.

import { next } from "./acts.js";
import { connection } from "./connection.js";
import { $ } from "./dom.js";
import { convert } from "./files.js";
import { complain, notice, settle } from "./notices.js";
import { facts, player, queue } from "./page.js";

const MOST_BROKEN = 10; // songs in a row that are passed over

export function keepPlaying() {
  let broken = 0; // songs in a row that could not be played

  function passOver(track) {
    if (track.blob && track.id != null) {
      delete track.blob; // the library has it, and the server makes what this browser plays
      player.play(track);
    } else if (track.blob && !track.converted) {
      convert(track);
    } else if (track.blob) {
      notice(`“${track.title}” cannot be played; songs like it follow.`);
      next();
    } else if (++broken > MOST_BROKEN) {
      player.pause();
      notice(`${broken} songs in a row cannot be played. Is the drive with the music there?`, { lasting: true });
    } else {
      notice(`“${track.title}” cannot be played.`);
      next();
    }
  }

  player.addEventListener("end", () => next({ faded: true }));
  player.addEventListener("soon", () => queue.coming[0] && player.prepare(queue.coming[0]));
  player.addEventListener("broken", () => passOver(player.track));
  player.addEventListener("time", () => {
    if (player.time > 1) broken = 0;
    if (facts.demo && player.playing && player.time >= facts.demo) next({ faded: true });
  });
  queue.addEventListener("filled", () => broken || settle());
  queue.addEventListener("error", ({ detail }) => complain(detail, { lasting: true }));
  queue.addEventListener("notice", ({ detail }) => notice(detail));
  connection.addEventListener("lost", () => {
    $("offline").hidden = false;
  });
  connection.addEventListener("back", () => {
    $("offline").hidden = true;
    player.resume();
    queue.fill();
  });
}
