// Two decks, so that one song can fade into the next. Events: change, time, settings, soon, end (the next song is due),
// broken (cannot be played).

import { audioUrl, playsAsItIs } from "./api.js";

const TICK = 40; // milliseconds between two steps of a fade
const QUICK = 0.35; // seconds of the fade when somebody skips
const PATIENCE = 150; // seconds for which the server keeps a transcoded stream that nobody reads
const READY = 12; // seconds before the fade in which the next song is fetched

class Deck {
  constructor(player) {
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.track = null;
    this.offset = 0; // seconds at which a transcoded stream begins
    this.transcoded = false;
    this.level = 1; // of the fade, 0 to 1
    const heard = (event, act) => this.audio.addEventListener(event, () => player.deck === this && act());
    for (const event of ["play", "pause", "playing", "waiting", "seeked", "durationchange"]) heard(event, () => player.tell("change"));
    heard("timeupdate", () => player.timed());
    heard("ended", () => player.ended());
    this.audio.addEventListener("error", () => this.failed(player));
  }

  load(track, { transcode = false, start = 0 } = {}) {
    this.track = track;
    this.transcoded = !track.blob && (transcode || !playsAsItIs(track));
    this.offset = this.transcoded ? start : 0;
    this.audio.src = track.blob ?? audioUrl(track, { transcode, start: this.offset });
    if (start && !this.transcoded) this.audio.currentTime = start;
  }

  clear() {
    this.track = null;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  async failed(player) {
    const { track, time } = this;
    if (!track || !this.audio.getAttribute("src")) return;
    const there = track.blob || (await player.reachable());
    if (this.track !== track) return; // another one meanwhile
    if (!there) {
      if (player.deck === this) player.interrupt(time);
      else this.clear();
    } else if (!this.transcoded && !track.blob) {
      this.load(track, { transcode: true, start: time }); // the browser took its word back
      if (player.deck === this && player.wanted) player.start();
    } else if (player.deck === this) {
      player.tell("broken");
    } else {
      this.clear();
    }
  }

  get time() {
    return this.offset + (this.audio.currentTime || 0);
  }

  get duration() {
    const { duration } = this.audio;
    if (!this.transcoded && Number.isFinite(duration) && duration > 0) return duration;
    return this.track?.length ?? 0;
  }
}

export class Player extends EventTarget {
  /** reachable(): whether what is not in the browser can be fetched now. */
  constructor({ reachable }) {
    super();
    this.reachable = reachable;
    this.fades = 4; // seconds
    this.longest = Infinity; // seconds that a crossfade may take, whatever is chosen
    this.loudness = 1;
    this.wanted = false; // whether it is to play
    this.paused = Infinity; // when somebody paused it, on the clock of `performance`
    this.decks = [new Deck(this), new Deck(this)];
    this.deck = this.decks[0];
    this.decks[0].audio.volume = 0.5;
    this.canFade = this.decks[0].audio.volume === 0.5; // iOS leaves the volume to its buttons
    this.decks[0].audio.volume = 1;
    this.due = false;
    this.interruption = null; // seconds at which the song was when its source went away
  }

  get track() {
    return this.deck.track;
  }
  get playing() {
    return this.wanted && this.interruption == null && !this.deck.audio.paused;
  }
  /** Whether it is to play, but what is to sound has not arrived. */
  get waiting() {
    const { audio } = this.deck;
    return this.wanted && (this.interruption != null || (audio.readyState < 3 && !audio.ended && !audio.error));
  }
  get time() {
    return this.interruption ?? this.deck.time;
  }
  get duration() {
    return this.deck.duration;
  }

  /** Seconds over which one song fades into the next. */
  get crossfade() {
    return this.fades;
  }
  set crossfade(seconds) {
    this.fades = seconds;
    this.tell("settings");
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Change to a track. faded: over the crossfade, not quickly. */
  async play(track, { faded = false } = {}) {
    this.finishFade(); // a fade that goes on would clear the deck that takes this track
    const [old, next] = this.deck === this.decks[0] ? this.decks : [...this.decks].reverse();
    if (next.track?.key !== track.key || next.offset || next.time > 0.5) next.load(track);
    this.deck = next;
    this.due = false;
    this.interruption = null;
    this.wanted = true;
    this.fade(old, next, this.canFade ? (faded ? Math.min(this.crossfade, this.longest) : QUICK) : 0);
    const started = this.start(); // first, so that it is never said to pause between two songs
    this.tell("change");
    await started;
  }

  /** Show a track without playing it. start: seconds. */
  show(track, start = 0) {
    this.finishFade();
    this.wanted = false;
    this.deck.audio.pause();
    this.deck.load(track, { start });
    this.due = false;
    this.interruption = null;
    this.tell("change");
  }

  /** The song's source went away. */
  interrupt(seconds) {
    this.interruption = seconds;
    this.tell("change");
  }

  /** Go on where it was interrupted. */
  resume() {
    if (this.interruption == null) return;
    const start = this.interruption;
    this.interruption = null;
    this.deck.load(this.track, { start });
    if (this.wanted) this.start();
    this.tell("change");
  }

  async start() {
    this.wanted = true;
    if (this.interruption != null) return this.resume();
    const { deck } = this;
    if (deck.transcoded && deck.audio.paused && performance.now() - this.paused > PATIENCE * 1000) {
      deck.load(deck.track, { transcode: true, start: deck.time });
    }
    this.paused = Infinity;
    try {
      await this.deck.audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.wanted = false; // until somebody presses play
    }
    this.tell("change");
  }

  pause() {
    this.wanted = false;
    this.paused = performance.now();
    for (const deck of this.decks) deck.audio.pause();
    this.finishFade();
    this.tell("change");
  }

  toggle() {
    return this.playing ? this.pause() : this.track && this.start();
  }

  /** Nothing to play any more. */
  stop() {
    this.wanted = false;
    this.interruption = null;
    this.finishFade();
    for (const deck of this.decks) deck.clear();
    this.tell("change");
  }

  seek(seconds) {
    const { deck } = this;
    if (!deck.track || this.interruption != null) return;
    const to = Math.max(0, Math.min(seconds, Math.max(0, this.duration - 0.5)));
    this.due = false;
    if (deck.transcoded) {
      deck.load(deck.track, { transcode: playsAsItIs(deck.track), start: to });
      if (this.wanted) this.start();
    } else {
      deck.audio.currentTime = to;
    }
    this.tell("time");
  }

  set volume(value) {
    this.loudness = value;
    this.level();
    this.tell("settings");
  }
  get volume() {
    return this.loudness;
  }

  /** Fetch what is likely to come. */
  prepare(track) {
    const idle = this.decks.find((deck) => deck !== this.deck);
    if (!this.fading && idle.track?.key !== track.key) idle.load(track);
  }

  timed() {
    this.fading?.step();
    const left = this.duration - this.time;
    if (this.duration && this.wanted && !this.due) {
      const fade = this.canFade ? Math.min(this.crossfade, this.duration / 3) : 0;
      if (left <= fade + READY) this.tell("soon");
      if (fade && left <= fade) {
        this.due = true;
        this.tell("end");
      }
    }
    this.tell("time");
  }

  ended() {
    if (!this.due) {
      this.due = true;
      this.tell("end");
    }
  }

  // Equal power: the squares of the two levels add up to 1 all the way. The timer makes it smooth; where pages in the
  // background have none, the songs' own events drive it.
  fade(old, next, seconds) {
    const sounding = old.track && !old.audio.paused;
    if (!seconds || !sounding) {
      old.clear();
      old.level = next.level = 1;
      this.level();
      return;
    }
    const start = performance.now();
    const step = () => {
      const done = Math.min(1, (performance.now() - start) / 1000 / seconds);
      old.level = Math.cos((done * Math.PI) / 2);
      next.level = Math.sin((done * Math.PI) / 2);
      this.level();
      if (done === 1) this.finishFade();
    };
    this.fading = { timer: setInterval(step, TICK), step, old, next };
    step();
  }

  finishFade() {
    if (!this.fading) return;
    const { timer, old, next } = this.fading;
    clearInterval(timer);
    this.fading = null;
    old.clear();
    old.level = next.level = 1;
    this.level();
  }

  level() {
    for (const deck of this.decks) deck.audio.volume = Math.max(0, Math.min(1, deck.level * this.loudness));
  }
}
