// Files that are dropped in, or chosen.

import { $ } from "./dom.js";

/** take(files): what to do with them. */
export function takeDrops(take) {
  let depth = 0;
  const shown = (on) => document.body.classList.toggle("dropping", on);
  const files = (event) => [...event.dataTransfer.types].includes("Files");
  addEventListener("dragenter", (event) => files(event) && (event.preventDefault(), depth++, shown(true)));
  addEventListener("dragleave", (event) => files(event) && --depth <= 0 && shown((depth = 0)));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    shown(Boolean((depth = 0)));
    take([...event.dataTransfer.files]);
  });
  $("file").addEventListener("change", () => {
    const chosen = [...$("file").files];
    $("file").value = "";
    take(chosen);
  });
  for (const id of ["open", "choose"]) $(id).addEventListener("click", () => $("file").click());
}
