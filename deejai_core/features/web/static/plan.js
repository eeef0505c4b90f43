// The journey that is being planned, and whether one is: then songs that are chosen become waypoints. Event: change.

export class Plan extends EventTarget {
  mode = "similar"; // or "journey"
  waypoints = [];

  get journey() {
    return this.mode === "journey";
  }

  /** All that it holds, for `set`. */
  get state() {
    const { mode, waypoints } = this;
    return { mode, waypoints };
  }

  set({ mode = this.mode, waypoints = this.waypoints }) {
    Object.assign(this, { mode, waypoints });
    this.dispatchEvent(new Event("change"));
  }
}
