// What must outlast the page: answers that the server hasn't acknowledged, and drafts.
//
// They are in localStorage, which is read at once and shared by all pages; but a browser writes that to the disk only
// every few seconds. What it hasn't written when it dies is brought back from a journal in IndexedDB, which is on the
// disk as soon as it says so. An entry that comes back though it was removed does no harm: the server knows it.

const PREFIX = "tunery:";
const JOURNAL = "tunery-journal";
const memory = new Map();
let journal = null;

/** Bring back what the browser had not written when it died. Call it before anything is read. */
export async function recover() {
  try {
    journal = await opened();
    const [names, values] = await Promise.all([asked("getAllKeys"), asked("getAll")]);
    names.forEach((name, number) => read(name) === null && stored(name, values[number]));
  } catch {
    journal = null; // some browsers have none in private windows
  }
}

function write(key, value) {
  stored(key, value);
  record((entries) => entries.put(value, key));
}

function stored(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    memory.set(key, value); // storage is full or forbidden: it is then kept as long as the page is open
  }
}

function read(key) {
  return memory.get(key) ?? safely(() => localStorage.getItem(key));
}

function remove(key) {
  memory.delete(key);
  safely(() => localStorage.removeItem(key));
  record((entries) => entries.delete(key));
}

function keys(prefix) {
  const found = safely(() => Object.keys(localStorage)) ?? [];
  return [...new Set([...found, ...memory.keys()])].filter((key) => key.startsWith(prefix)).sort();
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(JOURNAL, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(JOURNAL);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function asked(what) {
  return new Promise((resolve, reject) => {
    const request = journal.transaction(JOURNAL).objectStore(JOURNAL)[what]();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function record(change) {
  safely(() => journal && change(journal.transaction(JOURNAL, "readwrite", { durability: "strict" }).objectStore(JOURNAL)));
}

function safely(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

/** Drafts of one person. */
export class Drafts {
  constructor(user) {
    this.prefix = `${PREFIX}draft:${user}:`;
  }

  get(item) {
    return parsed(read(this.prefix + item));
  }

  set(item, draft) {
    write(this.prefix + item, JSON.stringify(draft));
  }

  remove(item) {
    remove(this.prefix + item);
  }
}

/**
 * What a person did in a queue and the server hasn't acknowledged, in order. Each entry has a key of its own, so that
 * two open pages don't overwrite each other's.
 */
export class Outbox {
  /**
   * @param {string} user
   * @param {string} queue
   * @param {(path: string, body: object) => Promise<Response>} post
   * @param {{changed: () => void, acknowledged: (entry: object, answer: object | null) => void}} tell
   */
  constructor(user, queue, post, tell) {
    this.prefix = `${PREFIX}unsaved:${user}:${queue}:`;
    this.post = post;
    this.tell = tell;
    this.wait = 0;
    this.timer = null;
    this.sending = false;
    this.trouble = null;
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => document.hidden || this.send());
  }

  /** Return the entries that wait, the first first. */
  get entries() {
    return keys(this.prefix).map((key) => parsed(read(key))).filter(Boolean);
  }

  /** Keep an entry and send it as soon as possible: `{name, path, body, ...}`; names sort by time. */
  add(entry) {
    write(this.prefix + entry.name, JSON.stringify(entry));
    this.tell.changed();
    this.send();
  }

  /** Forget an entry that the server refused. */
  drop(name) {
    remove(this.prefix + name);
    this.tell.changed();
  }

  /** Send all that wait, one after the other; what fails is tried again. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      await alone(this.prefix, () => this.sendAll());
      this.wait = 0;
    } catch (error) {
      this.trouble = error instanceof Refusal ? error : null;
      this.wait = Math.min(15000, this.wait * 2 || 700);
      this.timer = setTimeout(() => this.send(), this.wait);
    } finally {
      this.sending = false;
      this.tell.changed();
    }
  }

  async sendAll() {
    for (let entry = this.entries.find((one) => !one.refused); entry; entry = this.entries.find((one) => !one.refused)) {
      const response = await this.post(entry.path, entry.body);
      if (response.ok) {
        this.trouble = null;
        remove(this.prefix + entry.name);
        this.tell.acknowledged(entry, response.status === 204 ? null : await response.json());
      } else {
        await this.refused(entry, response);
      }
      this.tell.changed();
    }
  }

  async refused(entry, response) {
    const problem = await response.json().catch(() => ({}));
    // These are about this answer; anything else is about the server or the sign-in, and passes.
    if (![400, 404, 409, 413, 422].includes(response.status)) throw new Refusal(response.status, problem);
    write(this.prefix + entry.name, JSON.stringify({ ...entry, refused: problem.detail || String(response.status) }));
  }
}

/** Why the server takes nothing now. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? String(status));
    this.status = status;
    this.code = problem.code ?? "";
  }
}

function alone(name, work) {
  // Another page of the same person may be sending; where browsers have no locks, names make doubles harmless.
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

function parsed(text) {
  return text === null || text === undefined ? null : safely(() => JSON.parse(text));
}
