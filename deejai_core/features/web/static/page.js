// What all of the page shares: the player, the queue, the journey that is being planned, and what the server has told.

import { connection } from "./connection.js";
import { Plan } from "./plan.js";
import { Player } from "./player.js";
import { Queue } from "./queue.js";

export const player = new Player({ reachable: () => connection.check() });
export const queue = new Queue();
export const plan = new Plan();

/** Of `/api/status`. */
export const facts = {
  alike: null, // similarity below which songs no longer sound alike, if that is known
  demo: null, // seconds after which it skips
  largest_upload: 500_000_000, // bytes of a file
};
