// Knobs and rules: what is set acts on all that comes, but not on what plays.

import { $, make, numberIn } from "./dom.js";

const KEEP_ON = (value) => (value === 0 ? "the first songs" : value === 1 ? "the last song" : `the last ${value}`);
const STAY = (value) => (value === 0 ? "wanders off" : `${Math.round(100 * value)} % like the first`);
const DRUNK = ["sober", "merry", "tipsy", "swaying", "drunk", "legless"];
const drunk = (value) => DRUNK[value === 0 ? 0 : Math.min(5, 1 + Math.floor(value * 5))];

const ARTISTS = [["mild", "after 2, if alike"], [0, "at any time"], [1, "after 1 other"], [3, "after 3 others"], [6, "after 6 others"], [10, "after 10 others"], ["once", "never"]];
const DAYS = [[0, "—"], [1, "a day"], [7, "a week"], [30, "a month"], [90, "three months"], [365, "a year"]];
const FADES = [[0, "none"], [2, "2 seconds"], [4, "4 seconds"], [8, "8 seconds"], [12, "12 seconds"]];

function options(select, pairs, value) {
  // What is configured may be none of what is offered.
  const all = pairs.some(([one]) => String(one) === String(value)) ? pairs : [...pairs, [value, String(value)]];
  select.replaceChildren(...all.map(([one, text]) => make("option", { value: String(one), textContent: text })));
  select.value = String(value);
}

export function showRules(tags, queue, player) {
  const { knobs, rules } = queue;
  options($("artist_separation"), ARTISTS, rules.artist_separation);
  options($("not_played_days"), DAYS, rules.not_played_days);
  options($("crossfade"), FADES, player.crossfade);
  options($("mood"), [["", "no mood"], ...[...tags].sort().map((tag) => [tag, tag])], Object.keys(rules.mood)[0] ?? "");
  $("moods").hidden = !tags.length;
  $("lean").value = Object.values(rules.mood)[0] ?? 0.2;
  $("candidates").value = rules.candidates;
  $("min_length").value = rules.min_length / 60 || "";
  $("max_length").value = rules.max_length / 60 || "";
  $("mix_in_key").checked = rules.mix_in_key;
  $("keep_on").value = Math.min(10, knobs.keep_on);
  $("stay").value = knobs.stay;
  $("drunk").value = knobs.drunk;

  function tell() {
    const [near, stay, far] = ["keep_on", "stay", "drunk"].map((id) => Number($(id).value));
    $("keep_on-told").textContent = KEEP_ON(near);
    $("stay-told").textContent = STAY(stay);
    $("drunk-told").textContent = drunk(far);
    $("keep_on").setAttribute("aria-valuetext", KEEP_ON(near));
    $("stay").setAttribute("aria-valuetext", STAY(stay));
    $("drunk").setAttribute("aria-valuetext", `${drunk(far)}, ${far}`);
    $("keep_on").style.setProperty("--done", `${10 * near}%`);
    $("stay").style.setProperty("--done", `${100 * stay}%`);
    $("drunk").style.setProperty("--done", `${100 * far}%`);
    $("lean").style.setProperty("--done", `${100 * (Number($("lean").value) + 0.5)}%`);
    $("lean").hidden = !$("mood").value;
    $("rules-told").textContent = summary().join(" · ") || "none";
  }

  function summary() {
    const [artist, days, shortest, longest] = ["artist_separation", "not_played_days", "min_length", "max_length"].map((id) => $(id));
    const minutes = [shortest.value && `from ${shortest.value}`, longest.value && `up to ${longest.value}`].filter(Boolean).join(" ");
    return [
      artist.value === "once" ? "each artist once" : !["0", "mild"].includes(artist.value) && `artists ${artist.value} apart`,
      $("candidates").value.trim(),
      days.value !== "0" && `not played for ${days.selectedOptions[0].textContent}`,
      minutes && `${minutes} minutes`,
      $("mood").value && `${Number($("lean").value) < 0 ? "less" : "more"} ${$("mood").value}`,
      $("mix_in_key").checked && "in key",
    ].filter(Boolean);
  }

  function set() {
    const separation = $("artist_separation").value;
    queue.set(
      { keep_on: Number($("keep_on").value), stay: Number($("stay").value), drunk: Number($("drunk").value) },
      {
        artist_separation: ["once", "mild"].includes(separation) ? separation : Number(separation),
        candidates: $("candidates").value.trim(),
        not_played_days: Number($("not_played_days").value),
        min_length: 60 * (numberIn($("min_length")) ?? 0),
        max_length: 60 * (numberIn($("max_length")) ?? 0),
        mood: $("mood").value ? { [$("mood").value]: Number($("lean").value) } : {},
        mix_in_key: $("mix_in_key").checked,
      },
    );
    tell();
  }

  for (const id of ["keep_on", "stay", "drunk", "lean"]) $(id).addEventListener("input", set);
  for (const id of ["artist_separation", "candidates", "not_played_days", "mood", "mix_in_key"]) $(id).addEventListener("change", set);
  for (const [id, other] of [["min_length", "max_length"], ["max_length", "min_length"]]) {
    $(id).addEventListener("change", () => {
      const [least, most] = ["min_length", "max_length"].map((one) => numberIn($(one)));
      if (least && most && least > most) $(other).value = $(id).value; // what was set last holds
      set();
    });
  }
  $("crossfade").addEventListener("change", () => {
    player.crossfade = Number($("crossfade").value);
  });
  tell();

  const LOOSE = [["artist_separation", "0", "mild"], ["candidates", ""], ["not_played_days", "0"], ["min_length", ""], ["max_length", ""], ["mood", ""]];
  const drops = {
    artist_separation: "Let artists repeat at any time",
    candidates: "Take songs from the whole library",
    not_played_days: "Allow songs that were played recently",
    min_length: "Allow short songs",
    max_length: "Allow long songs",
    mood: "Ignore the mood",
  };
  /** Which rules are in force, each as what would be without it, in words, and what lifts it. */
  return () => [
    ...LOOSE.filter(([id, ...loose]) => !loose.includes($(id).value)).map(([id, loose]) => [drops[id], () => {
      $(id).value = loose;
      set();
    }]),
    ...($("mix_in_key").checked ? [["Mix in any key and tempo", () => {
      $("mix_in_key").checked = false;
      set();
    }]] : []),
  ];
}
