// One person at work on a queue: what comes next, what is on the page, what was said. Nothing here touches the page.

import { newName } from "./dom.js";
import { Drafts, Outbox, recover } from "./kept.js";
import { same } from "./spans.js";

const AHEAD = 5;
const LOW = 3;
const DRAFT_MS = 700;
const AGAIN_MS = 2000;
const LOOK_MS = 5000;

/** Items that are handed out to the person, and their answers. */
class Labelling {
  constructor(config, server) {
    this.queue = config.queue;
    this.server = server;
  }

  async next(waiting, skipped) {
    const given = await this.server.get(`/queues/${this.queue}/next`, { count: AHEAD + waiting, skipped });
    return { tasks: given.tasks, standing: given.standing };
  }

  async history() {
    const given = await this.server.get(`/queues/${this.queue}/annotations?limit=50`);
    return given.items.map(({ id, target, note, task }) => ({ id, target, note, task })).reverse();
  }

  entry(task, id, { target, note, seconds }) {
    return { path: `/items/${task.item}/annotations`, body: { id, target, note, seconds } };
  }

  draft(task, draft) {
    return this.server.ask(`/items/${task.item}/draft`, { draft }, { method: "PUT", keepalive: true });
  }

  leave(tasks) {
    const last = tasks.map((task) => task.until).sort().pop() ?? null;
    const items = tasks.map((task) => task.item);
    if (items.length) this.server.ask(`/queues/${this.queue}/release`, { items, until: last }, { keepalive: true });
  }
}

/** Items that people answered differently, and decisions about them. */
class Settling {
  constructor(config, server) {
    this.queue = config.queue;
    this.server = server;
    this.after = -1;
  }

  async next() {
    const given = await this.server.get(`/queues/${this.queue}/disputes?after=${this.after}&limit=${AHEAD}`);
    this.after = given.next ?? Number.MAX_SAFE_INTEGER;
    const tasks = given.items.map((one) => ({ ...one.task, suggestion: null, answers: one.answers }));
    return { tasks, standing: null };
  }

  async history() {
    return [];
  }

  entry(task, id, { target, note }) {
    return { path: `/items/${task.item}/decision`, body: { id, target, note } };
  }

  async draft() {}

  leave() {}
}

export class Session {
  /**
   * @param {object} config what the page was given
   * @param {import("./server.js").Server} server
   * @param {() => void} changed called whenever there is something else to show
   */
  constructor(config, server, changed) {
    this.kind = config.kind;
    this.changed = changed;
    this.source = config.mode === "settle" ? new Settling(config, server) : new Labelling(config, server);
    this.drafts = new Drafts(`${config.user}:${config.mode}`);
    this.outbox = new Outbox(config.user, `${config.queue}:${config.mode}`, (path, body) => server.ask(path, body), {
      changed,
      acknowledged: (_entry, answer) => this.stand(answer),
    });
    this.tasks = [];
    this.current = null;
    this.said = [];
    this.gone = new Set();
    this.standing = null;
    this.fetching = false;
    this.empty = false;
    this.offline = false;
    this.draftTimer = null;
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.fetch());
    document.addEventListener("visibilitychange", () => this.watchTime());
  }

  async start() {
    await recover();
    for (const entry of this.outbox.entries) if (entry.item) this.gone.add(entry.item);
    this.outbox.send();
    await this.fetch();
    await this.recall();
  }

  /** Fetch more items, if there are few. */
  async fetch({ skipped = false } = {}) {
    if (this.fetching) return;
    this.fetching = true;
    try {
      const waiting = this.outbox.entries.filter((entry) => entry.item).length;
      if (skipped) this.gone.clear();
      const { tasks, standing } = await this.source.next(waiting, skipped);
      const known = new Set([...this.tasks.map((task) => task.item), ...this.gone]);
      const fresh = tasks.filter((task) => !known.has(task.item));
      this.tasks.push(...fresh);
      this.empty = this.tasks.length === 0;
      this.offline = false;
      this.stand(standing);
    } catch (error) {
      this.offline = true;
      this.trouble = error.status ?? 0;
      setTimeout(() => this.fetch({ skipped }), AGAIN_MS);
    } finally {
      this.fetching = false;
    }
    if (this.current === null && this.tasks.length) this.open(this.tasks[0]);
    if (this.empty) this.lookLater();
    this.changed();
  }

  /** Others may give rows back, or be done with them: look again as long as there is something to wait for. */
  lookLater() {
    clearTimeout(this.lookTimer);
    const { standing } = this;
    if (!standing || standing.closed || standing.done >= standing.items) return;
    this.lookTimer = setTimeout(() => this.empty && (document.hidden ? this.lookLater() : this.fetch()), LOOK_MS);
  }

  /** Find out what the person said before this page was opened, so that it can be taken back. */
  async recall() {
    try {
      const past = await this.source.history();
      const known = new Set(this.said.map((one) => one.id));
      const unsent = this.outbox.entries.filter((entry) => entry.said && !known.has(entry.name));
      const taken = new Set(this.outbox.entries.map((entry) => entry.takes).filter(Boolean));
      const before = [...past, ...unsent.map((entry) => entry.said)];
      const ids = new Set();
      this.said.unshift(
        ...before.filter(({ id }) => !known.has(id) && !taken.has(id) && !ids.has(id) && ids.add(id)),
      );
    } catch {
      setTimeout(() => this.recall(), AGAIN_MS);
    }
    this.changed();
  }

  open(task, answer) {
    const kept = this.draftOf(task);
    const suggested = this.kind === "label" ? null : (task.suggestion?.target ?? null);
    const begun = answer ?? kept;
    this.current = {
      task,
      target: begun ? begun.target : (suggested ?? this.nothing),
      note: begun?.note ?? "",
      touched: Boolean(begun),
      edits: [],
      since: document.hidden ? null : performance.now(),
      seconds: 0,
    };
  }

  /** What an answer is before anything is said. */
  get nothing() {
    return this.kind === "label" ? null : [];
  }

  /** Whether what is on the page is what was suggested, untouched. */
  get isSuggestion() {
    return !this.current.touched && Boolean(this.current.task.suggestion);
  }

  /** Say something else about the current item; it can be taken back step by step. */
  say(target) {
    const { current } = this;
    if (same(current.target, target) && current.touched) return;
    current.edits.push([current.target, current.touched]);
    current.target = target;
    current.touched = true;
    this.keepDraft();
    this.changed();
  }

  note(text) {
    this.current.note = text;
    this.current.touched ||= this.kind !== "label" || this.current.target !== null;
    this.keepDraft();
  }

  /** Return what Enter would submit; undefined where there is nothing to submit yet. */
  get ready() {
    const { target, task, touched } = this.current;
    if (this.kind === "label" && target === null) return task.suggestion?.target ?? undefined;
    if (task.answers && !touched) return undefined;
    return target;
  }

  submit(target = this.ready) {
    if (target === undefined || this.current === null) return false;
    const { task, note } = this.current;
    const id = newName();
    const said = { id, target, note, task };
    const about = this.source.entry(task, id, { target, note, seconds: this.seconds() });
    this.drafts.remove(task.item);
    clearTimeout(this.draftTimer);
    this.gone.add(task.item);
    this.said.push(said);
    this.outbox.add({ name: id, item: task.item, said, ...about });
    if (this.standing) this.standing[target === null ? "skipped" : "answered"] += 1;
    this.tasks = this.tasks.filter((one) => one.item !== task.item);
    this.advance();
    return true;
  }

  skip() {
    return this.submit(null);
  }

  /** Take back the last edit of the current item, or else the last answer. */
  undo() {
    const { current } = this;
    if (current?.edits.length) {
      [current.target, current.touched] = current.edits.pop();
      this.keepDraft();
      this.changed();
      return "edit";
    }
    const last = this.said.pop();
    if (last === undefined) return null;
    const kept = this.outbox.entries.find((entry) => entry.name === last.id);
    if (kept?.refused) this.outbox.drop(last.id);
    else this.outbox.add({ name: newName(), path: `/annotations/${last.id}/undo`, body: {}, takes: last.id });
    if (this.standing) this.standing[last.target === null ? "skipped" : "answered"] -= 1;
    this.reopen(last);
    return "answer";
  }

  /** Put an earlier answer on the page again, to say something else. */
  reopen({ task, target, note }) {
    this.tasks = [task, ...this.tasks.filter((one) => one.item !== task.item)];
    this.gone.delete(task.item);
    this.empty = false;
    this.open(task, { target: target ?? this.nothing, note });
    this.keepDraft();
    this.changed();
  }

  leave() {
    if (this.current?.touched) this.sendDraft();
    this.source.leave(this.tasks);
  }

  /** Send again, without waiting, what the server didn't take. */
  retry(name) {
    const entry = this.outbox.entries.find((one) => one.name === name);
    if (entry) this.outbox.add({ ...entry, refused: undefined });
  }

  // -- within ---------------------------------------------------------------------------------------------------------

  advance() {
    this.current = null;
    if (this.tasks.length) this.open(this.tasks[0]);
    if (this.tasks.length <= LOW) this.fetch();
    this.changed();
  }

  draftOf(task) {
    const here = this.drafts.get(task.item);
    let there = null;
    try {
      there = JSON.parse(task.draft ?? "null");
    } catch {
      // a draft that another program wrote
    }
    const fits = (draft) => draft && (this.kind === "label" ? !Array.isArray(draft.target) : Array.isArray(draft.target));
    const found = [here, there].filter(fits);
    return found.sort((one, other) => (other.at ?? 0) - (one.at ?? 0))[0] ?? null;
  }

  keepDraft() {
    const { task, target, note } = this.current;
    this.drafts.set(task.item, { target, note, at: Date.now() });
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => this.sendDraft(), DRAFT_MS);
  }

  sendDraft() {
    clearTimeout(this.draftTimer);
    if (this.current === null) return;
    const { task, target, note } = this.current;
    // It is kept here in any case; that the server has it too only serves another browser.
    this.source.draft(task, JSON.stringify({ target, note, at: Date.now() }))?.catch(() => {});
  }

  seconds() {
    this.watchTime();
    return Math.min(86_400, Math.round(this.current.seconds * 10) / 10);
  }

  watchTime() {
    const { current } = this;
    if (current === null) return;
    if (current.since !== null) current.seconds += (performance.now() - current.since) / 1000;
    current.since = document.hidden ? null : performance.now();
  }

  stand(standing) {
    if (!standing || standing.items === undefined) return;
    // What waits here is not in the server's numbers yet.
    const waiting = this.outbox.entries;
    const count = (test) => waiting.filter((entry) => entry.said && test(entry.said.target)).length;
    this.standing = {
      ...standing,
      answered: standing.answered + count((target) => target !== null),
      skipped: standing.skipped + count((target) => target === null),
    };
  }
}
