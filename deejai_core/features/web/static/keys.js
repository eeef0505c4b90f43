// The keyboard. What is typed into a field is text, and a pressed button is pressed.

import { $, make } from "./dom.js";

/** keys: [key, what it does in words, what to call]. */
export function takeKeys(keys) {
  const acts = new Map(keys.map(([key, , act]) => [key, act]));
  acts.set("?", showHelp);
  addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest("input:not([type=range], [type=radio], [type=checkbox]), select, dialog")) return;
    if (key === " " && target.closest("button, summary, label, input")) return; // it presses those
    if (key.startsWith("Arrow") && target.closest("input, [role=tab], #canvas")) return; // it moves those
    const act = acts.get(key);
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  });
  const names = { " ": "space", ArrowRight: "→", ArrowLeft: "←" };
  $("keys-list").replaceChildren(
    ...[...keys, ["?", "show these keys"]].flatMap(([key, told]) => [
      make("dt", {}, make("kbd", { textContent: names[key] ?? key })), make("dd", { textContent: told }),
    ]),
  );
  $("keys-close").addEventListener("click", () => $("keys").close());
}

function showHelp() {
  $("keys").showModal();
}
