// What the page asks of the server; docs/web.md describes each of these.

import { connection } from "./connection.js";

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** What the server says, as a sentence that stands alone. */
const sentence = (text) => (/^\p{Ll}+ /u.test(text) ? text[0].toUpperCase() + text.slice(1) : text).replace(/[^.!?…]$/u, "$&.");

/** unsent: what is said if the server answers, but not to this. */
async function answer(request, unsent = "The server closed the connection. Try again.") {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (await connection.check()) throw new ApiError(unsent);
    throw new ApiError("The server does not answer.", 0);
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new ApiError(error ? sentence(error) : `The server answered ${response.status}.`, response.status);
}

const get = async (path, signal) => (await answer(fetch(path, { signal }))).json();
const send = (path, body, signal) =>
  answer(fetch(path, { method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
const post = async (path, body, signal) => (await send(path, body, signal)).json();

export const status = () => get("/api/status");
export const analyse = () => post("/api/analyse", {});
export const search = (text, { limit, offset = 0, signal }) =>
  get(`/api/search?q=${encodeURIComponent(text)}&limit=${limit}&offset=${offset}`, signal);
export const tracks = (ids) => get(`/api/tracks?ids=${ids.join(",")}`);
export const track = (id) => get(`/api/track/${id}`);
export const anything = () => get("/api/anything");
export const similar = (body, signal) => post("/api/similar", body, signal);
export const journey = (body, signal) => post("/api/journey", body, signal);
export const save = (body) => post("/api/save", body);
export const download = async (body) => (await send("/api/save", { ...body, download: true })).blob();
export const blindSides = () => get("/api/blind");
export const blind = (what, body) => post(`/api/blind/${what}`, body);
export const map = () => get("/api/map");
export const mapSketch = () => get("/api/map/sketch");
export const mapProgress = () => get("/api/map/progress");

const sendFile = (file, path) =>
  answer(fetch(`${path}name=${encodeURIComponent(file.name.slice(-200))}`, { method: "POST", body: file }), `“${file.name}” cannot be read. Is it still there?`);
export const upload = async (file) => (await sendFile(file, "/api/upload?")).json();

const kinds = {
  mp3: "audio/mpeg",
  aac: 'audio/mp4; codecs="mp4a.40.2"',
  alac: 'audio/mp4; codecs="alac"',
  flac: "audio/flac",
  ogg: 'audio/ogg; codecs="vorbis"',
  opus: 'audio/ogg; codecs="opus"',
  wav: 'audio/wav; codecs="1"',
  webm: 'audio/webm; codecs="opus"',
};
const probe = document.createElement("audio");
const playable = Object.keys(kinds).filter((name) => probe.canPlayType(kinds[name]) !== "");

/** Whether a track's file can be played as it is. */
export const playsAsItIs = (track) => playable.includes(track.format);

/** Where a track's sound is. transcode: although the browser says that it can play the format. start: seconds, if transcoded. */
export function audioUrl(track, { transcode = false, start = 0 } = {}) {
  const formats = transcode ? playable.filter((name) => name !== track.format) : playable;
  return `/api/audio/${track.id}?formats=${formats.join(",")}${start ? `&start=${start.toFixed(1)}` : ""}`;
}

/** A file that this browser does not play, in a format that it does. */
export const transcode = async (file) => (await sendFile(file, `/api/transcode?formats=${playable.join(",")}&`)).blob();
