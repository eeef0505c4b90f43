// What outlasts a reload: values for each tab, and those of the last one for a new tab; and the files that were opened.

/** Remember a value that JSON can hold. */
export function remember(name, value) {
  for (const kind of ["sessionStorage", "localStorage"]) {
    try {
      globalThis[kind].setItem(name, JSON.stringify(value));
    } catch {
      // Private windows keep nothing.
    }
  }
}

/** What was remembered, or null. */
export function recall(name) {
  for (const kind of ["sessionStorage", "localStorage"]) {
    try {
      const value = JSON.parse(globalThis[kind].getItem(name));
      if (value != null) return value;
    } catch {
      // Nothing is kept, or it was damaged.
    }
  }
  return null;
}

const FILES = "files";

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("deejai", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(FILES);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withFiles(mode, act) {
  try {
    const store = (await database()).transaction(FILES, mode).objectStore(FILES);
    return await new Promise((resolve, reject) => {
      const request = act(store);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return undefined; // no room, or a private window: the file is there until the page is closed
  }
}

export const keepFile = (name, file) => withFiles("readwrite", (store) => store.put(file, name));
export const keptFile = (name) => withFiles("readonly", (store) => store.get(name));

/** Forget all files but those. */
export async function forgetFiles(but) {
  const names = (await withFiles("readonly", (store) => store.getAllKeys())) ?? [];
  for (const name of names) if (!but.has(name)) await withFiles("readwrite", (store) => store.delete(name));
}
