// What was played, what plays, what comes, and what it follows. It asks the server for what is missing, and tells of changes.

import * as api from "./api.js";
import { recall, remember } from "./memory.js";

const LENGTH = 10; // songs that come
const REMEMBERED = 500; // played songs that the server is told of
const MOST_LESS = 50; // songs to be less like: the latest
const STORE = "deejai-queue";

const reference = (track) =>
  track.id ?? { vector: track.vector, artist: track.artist, title: track.title, length: track.length ?? null };
export const known = (track) => track.id != null || track.vector != null;

let numbered = 0;
/** A track for the queue: the same song may be in it twice in the course of time. */
export const entry = (track, extra = {}) => ({ ...track, key: `${track.id ?? "file"}.${Date.now().toString(36)}.${numbered++}`, ...extra });
export const same = (one, other) => one === other || (one.id != null && one.id === other.id) || (one.vector && one.vector === other.vector);

/** Tracks as they can be remembered; those of files without what the browser plays. */
export const lasting = (tracks) => tracks.filter((track) => track.id != null || track.file).map((track) => ({ ...track, blob: undefined }));

/** Tracks that were remembered, without those whose files are gone. opened(track): see `Queue.restore`. */
export async function reopened(tracks, opened, urls = new Map()) {
  const there = [];
  for (const track of tracks) {
    if (track.file && !urls.has(track.file)) urls.set(track.file, await opened(track));
    const blob = track.file ? urls.get(track.file) : null;
    if (track.id != null || blob) there.push(blob ? { ...track, blob } : track);
  }
  return there;
}

export class Queue extends EventTarget {
  constructor() {
    super();
    this.knobs = { keep_on: 3, stay: 0.4, drunk: 0 };
    this.rules = {};
    this.reset();
  }

  reset() {
    this.seeds = []; // what was asked for
    this.history = []; // played before, the latest last
    this.now = null;
    this.coming = [];
    this.pinned = []; // followed all the time, whether they come, play or are over
    this.removed = [];
    this.less = []; // what comes should be less like these
    this.stops = []; // the waypoints of a journey
    this.seed = Math.floor(Math.random() * 2 ** 31);
    this.busy = false;
    this.short = false; // the library has no more
  }

  /** All that it holds, for `comeBack`. */
  get state() {
    const { seeds, history, now, coming, pinned, removed, less, stops, seed, short } = this;
    return {
      seeds: [...seeds], history: [...history], now, coming: [...coming], pinned: [...pinned], removed: [...removed],
      less: [...less], stops: [...stops], seed, short,
    };
  }

  /** Whether it is on a journey that has not arrived yet. */
  get travelling() {
    return this.coming.some((track) => track.waypoint);
  }

  /** Be as it was before something else began. */
  comeBack(state) {
    Object.assign(this, state);
    this.changed();
    this.fill();
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  working(busy) {
    this.busy = busy;
    this.tell("busy");
  }

  changed() {
    this.store();
    this.tell("change");
  }

  /** Hold nothing any more. */
  empty() {
    this.asking?.abort();
    this.reset();
    this.working(false);
    this.changed();
  }

  /** Begin with these songs; the first of them plays, and the others come next, unless they are `followed` alone. */
  start(tracks, { followed = false } = {}) {
    this.reset();
    this.seeds = tracks.map((track) => entry(track));
    [this.now] = this.seeds;
    this.coming = followed ? [] : this.seeds.slice(1);
    this.changed();
    this.fill();
  }

  /** Begin with a journey: its waypoints, and the songs between them. */
  async travel(waypoints, between) {
    const stops = waypoints.map((track) => entry(track, { waypoint: true }));
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { legs, complete } = await api.journey({
      waypoints: stops.map(reference), between, drunk: this.knobs.drunk, rules: this.rules, seed,
    });
    const path = legs.flatMap((leg, number) => [...leg.map((track) => entry(track, { journey: true })), stops[number + 1]]);
    this.reset();
    this.seed = seed;
    this.stops = stops;
    this.seeds = [stops.at(-1)]; // what comes after it follows its end
    this.now = stops[0];
    this.coming = path;
    this.changed();
    if (!complete) this.tell("notice", "The library has no more songs for this journey: some parts are shorter.");
    this.fill();
  }

  /** End a journey where it is: what comes follows the song that plays. */
  leave() {
    this.stops = [];
    this.seeds = [this.now];
    this.coming = this.coming.filter((track) => this.isPinned(track));
    this.changed();
    return this.fill();
  }

  /** Play a song again that was played; what comes stays. */
  again(track) {
    this.history = [...this.history, this.now].slice(-REMEMBERED);
    this.now = entry(track, { waypoint: undefined, journey: undefined });
    this.changed();
    return this.now;
  }

  /** The file that was dropped in has been heard: from now on it can be followed. */
  heard(track, found) {
    Object.assign(track, found);
    this.changed();
    this.fill();
  }

  next() {
    const [next, ...rest] = this.coming;
    if (!next) return null;
    if (this.now) this.history = [...this.history, this.now].slice(-REMEMBERED);
    this.now = next;
    this.coming = rest;
    this.changed();
    this.fill();
    return next;
  }

  previous() {
    const before = this.history.at(-1);
    if (!before) return null;
    this.history = this.history.slice(0, -1);
    if (this.now) this.coming = [this.now, ...this.coming];
    this.now = before;
    this.changed();
    return before;
  }

  /** Go on with one of those that come; those before it are skipped. */
  jump(track) {
    const at = this.coming.indexOf(track);
    if (at < 0) return null;
    const pinned = this.coming.slice(0, at).filter((one) => this.isPinned(one));
    this.coming = [track, ...pinned, ...this.coming.slice(at + 1)]; // what is pinned stays
    return this.next();
  }

  remove(track) {
    this.coming = this.coming.filter((one) => one !== track);
    this.pinned = this.pinned.filter((one) => !same(one, track));
    this.removed = [...this.removed, track].slice(-REMEMBERED);
    this.changed();
    this.fill();
  }

  /** Be less like a song, or, if it is one of those already, no longer. */
  lessLike(track) {
    const others = this.less.filter((one) => !same(one, track));
    if (others.length === this.less.length) {
      others.push(track);
      this.coming = this.coming.filter((one) => one !== track);
      this.pinned = this.pinned.filter((one) => !same(one, track));
    }
    this.less = others.slice(-MOST_LESS);
    this.changed();
    return this.refill();
  }

  isPinned(track) {
    return this.pinned.some((one) => same(one, track));
  }

  pin(track) {
    this.pinned = this.isPinned(track) ? this.pinned.filter((one) => !same(one, track)) : [...this.pinned, track];
    this.changed();
    this.refill();
  }

  /** Follow a song too that was found by searching: it comes next, and it is pinned. */
  add(track) {
    const added = entry(track);
    if (!this.now) return this.start([track]);
    this.coming = [added, ...this.coming.filter((one) => !same(one, track))];
    this.pinned = [...this.pinned.filter((one) => !same(one, track)), added];
    this.changed();
    return this.refill();
  }

  /** What is followed: the seeds, and what is pinned. */
  get followed() {
    return [...this.seeds, ...this.pinned.filter((one) => !this.seeds.some((seed) => same(seed, one)))];
  }

  unfollow(track) {
    if (this.followed.length < 2) return;
    this.seeds = this.seeds.filter((one) => !same(one, track));
    this.pinned = this.pinned.filter((one) => !same(one, track));
    if (!this.seeds.length) this.seeds = [this.pinned[0]];
    this.changed();
    this.refill();
  }

  set(knobs, rules) {
    this.knobs = { ...this.knobs, ...knobs };
    this.rules = { ...this.rules, ...rules };
    this.store();
    if (!this.seeds.length) return;
    this.working(true);
    clearTimeout(this.turning);
    this.turning = setTimeout(() => this.refill(), 250); // a knob that is being turned
  }

  /** Choose anew what comes, but what is pinned, or part of a journey. */
  refill() {
    return this.fill((track) => this.isPinned(track) || track.journey || track.waypoint);
  }

  /** Fill the places that are free. stays: which of the songs that come stay where they are. */
  async fill(stays = () => true) {
    this.asking?.abort();
    if (!this.seeds.length) return this.working(false);
    if (!this.seeds.every(known)) return this.working(true); // until it has been heard
    const asking = (this.asking = new AbortController());
    const kept = this.coming.map((track) => (stays(track) && known(track) ? track : null));
    while (kept.length < LENGTH) kept.push(null);
    if (!kept.includes(null)) return this.working(false);
    this.working(true);
    try {
      const body = {
        seeds: this.seeds.map(reference),
        pinned: this.pinned.filter(known).map(reference),
        removed: this.removed.filter(known).map(reference),
        less: this.less.filter(known).map(reference),
        coming: kept.map((track) => track && reference(track)),
        ...this.knobs,
        rules: this.rules,
        seed: this.seed,
      };
      let played = [...this.history, ...(this.now ? [this.now] : [])].filter(
        (track) => known(track) && !this.seeds.some((seed) => same(seed, track)),
      );
      let answer = await api.similar({ ...body, played: played.map(reference) }, asking.signal);
      // All was played that there is: what was played first may come again.
      while (!answer.complete && played.length > 1) {
        played = played.slice(Math.ceil(played.length / 2));
        answer = await api.similar({ ...body, played: played.map(reference) }, asking.signal);
      }
      const before = new Map(this.coming.map((track) => [track.id, track]));
      for (const track of answer.tracks) {
        const same = before.get(track.id);
        kept[track.place] = same ? { ...same, ...track } : entry(track);
      }
      this.coming = kept.filter(Boolean);
      this.short = !answer.complete;
      this.changed();
      this.tell("filled");
    } catch (error) {
      if (error.name !== "AbortError") this.tell("error", error);
    } finally {
      if (this.asking === asking) this.working(false);
    }
  }

  /** All songs that it holds. */
  get songs() {
    const { seeds, history, now, coming, pinned, stops } = this;
    return [...seeds, ...history, ...(now ? [now] : []), ...coming, ...pinned, ...stops];
  }

  store() {
    const { now, knobs, rules, seed } = this;
    remember(STORE, {
      seeds: lasting(this.seeds),
      pinned: lasting(this.pinned),
      now: now ? (lasting([now])[0] ?? null) : null,
      history: lasting(this.history.slice(-50)),
      coming: lasting(this.coming),
      removed: lasting(this.removed),
      less: lasting(this.less),
      stops: lasting(this.stops),
      knobs, rules, seed,
    });
  }

  /** What was there when the page was last closed; whether there was something. opened(track): the file of a song that was
   * opened, as a URL, or null if it is gone. */
  async restore(opened) {
    const { knobs, rules, ...kept } = recall(STORE) ?? {};
    this.knobs = { ...this.knobs, ...knobs };
    this.rules = { ...this.rules, ...rules };
    if (!kept.now) return false;
    const urls = new Map();
    for (const name of ["seeds", "pinned", "history", "coming", "removed", "less", "stops"]) {
      kept[name] = await reopened(kept[name] ?? [], opened, urls);
    }
    const [now] = await reopened([kept.now], opened, urls);
    if (!now || !kept.seeds.length) return false;
    Object.assign(this, kept, { now: kept.seeds.find((seed) => seed.key === now.key) ?? now });
    return true;
  }
}
