// Whether the server answers. Events: lost, back.

const EVERY = 2000; // milliseconds between two questions

class Connection extends EventTarget {
  lost = false;

  /** Whether it answers now. */
  async check() {
    try {
      await fetch("/api/status", { cache: "no-store" });
    } catch {
      this.lose();
      return false;
    }
    if (this.lost) {
      this.lost = false;
      clearInterval(this.asking);
      this.dispatchEvent(new Event("back"));
    }
    return true;
  }

  /** It did not answer: ask until it does. */
  lose() {
    if (this.lost) return;
    this.lost = true;
    this.asking = setInterval(() => this.check(), EVERY);
    this.dispatchEvent(new Event("lost"));
  }

  /** Resolves when it is there again. */
  again() {
    return this.lost ? new Promise((resolve) => this.addEventListener("back", resolve, { once: true })) : Promise.resolve();
  }
}

export const connection = new Connection();
