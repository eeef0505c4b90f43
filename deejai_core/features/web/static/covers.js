// Cover art, or where there is none, a record label of the song's own colours.

const missing = new Set(); // covers that are known not to be there

function colours(track) {
  let hash = 2166136261;
  for (const char of `${track.artist}/${track.album || track.title}`) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
  const hue = (hash >>> 0) % 360;
  return [hue, (hue + 40 + ((hash >>> 9) % 60)) % 360, (hash >>> 16) % 360];
}

export const coverUrl = (track) => (track.id == null || missing.has(track.id) ? null : `/api/art/${track.id}`);

/** Fill an element with a track's cover. */
export function showCover(element, track) {
  const label = document.createElement("span");
  label.className = "label";
  const [one, two, turn] = colours(track);
  label.style.setProperty("--one", one);
  label.style.setProperty("--two", two);
  label.style.setProperty("--turn", `${turn}deg`);
  label.textContent = ([...(track.artist || track.title || "?").replace(/^the /i, "")].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? "♪").toUpperCase();
  element.replaceChildren(label);
  const url = coverUrl(track);
  if (!url) return;
  const image = new Image();
  image.alt = "";
  image.decoding = "async";
  image.addEventListener("load", () => element.contains(label) && element.append(image));
  image.addEventListener("error", () => missing.add(track.id));
  image.src = url;
}
