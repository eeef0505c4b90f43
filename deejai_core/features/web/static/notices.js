// What the page has to say: one sentence at a time, with what can be done about it.

import { $ } from "./dom.js";

const SHOWN = 6000; // milliseconds
const OFFERED = 12_000; // milliseconds, where there is something to press

let silence;
let act = null;

/** lasting: until something else is said. action: [what its button says, what it does]. */
export function notice(text, { lasting = false, action = null } = {}) {
  $("notice-text").textContent = text;
  $("notice").classList.toggle("shown", Boolean(text));
  act = action?.[1];
  $("notice-act").hidden = !act;
  $("notice-act").textContent = action?.[0] ?? "";
  clearTimeout(silence);
  if (text && !lasting) silence = setTimeout(() => notice(""), action ? OFFERED : SHOWN);
}

/** What was wrong is over: it need not be read any longer. */
export function settle() {
  if ($("notice-text").textContent && !act) notice($("notice-text").textContent);
}

/** Another song plays: what was offered for the one before would lead back to it. */
export function retract() {
  if (act) notice("");
}

/** Say what went wrong; that the server does not answer is in sight already. */
export function complain(error, options) {
  if (error.status !== 0) notice(error.message, options);
}

$("notice-act").addEventListener("click", () => {
  const chosen = act;
  notice("");
  chosen?.();
});
