// The labelling page. Every key acts at once on what is here; the server hears of it afterwards.

import { el, fill, said } from "./dom.js";
import { COMMANDS, isTyping, letter } from "./keys.js";
import { Panel } from "./panel.js";
import { marked, selectedStretch, wordOnNextLine } from "./reading.js";
import { Server } from "./server.js";
import { Session } from "./session.js";
import { Text, touched, withSpan } from "./spans.js";

const AT_ONCE = "tunery:at-once";
const NOTICE_MS = 4000;

class LabellingElement extends HTMLElement {
  connectedCallback() {
    if (this.session) return;
    this.config = JSON.parse(this.getAttribute("config"));
    this.words = this.config.words;
    this.hues = new Map(this.config.labels.map(({ name, hue }) => [name, hue]));
    this.cursor = null;
    this.anchor = null;
    this.shownItem = null;
    this.session = new Session(this.config, new Server(this.config), () => this.draw());
    this.build();
    this.listener = (event) => this.pressed(event);
    addEventListener("keydown", this.listener, true);
    this.draw();
    this.session.start();
  }

  disconnectedCallback() {
    // Elements may be moved within a page; only one that stays away lets go.
    setTimeout(() => {
      if (this.isConnected) return;
      removeEventListener("keydown", this.listener, true);
      this.session?.leave();
    });
  }

  // -- what there is --------------------------------------------------------------------------------------------------

  build() {
    const { words, config } = this;
    const button = (name, act, key, classes = "") =>
      el("button", { class: `tl-button ${classes}`, type: "button", on: { click: act }, "aria-keyshortcuts": key }, [
        el("span", { text: words[name] }),
        el("kbd", { text: key, "aria-hidden": "true" }),
      ]);
    this.panel = new Panel(config, (label) => this.choose(label));
    const plain = this.panel.keys ? (key) => key.toUpperCase() : (key) => `Alt+${key.toUpperCase()}`;
    this.saved = el("button", { class: "tl-saved", type: "button", "aria-live": "polite", on: { click: () => this.saved.dataset.state !== "saved" && this.showUnsaved() } });
    this.count = el("span", { class: "tl-count" });
    this.meter = el("div", { class: "tl-meter", role: "progressbar", "aria-label": words.progress, "aria-valuemin": 0 }, [el("i")]);
    this.why = el("div", { class: "tl-why" });
    this.text = el("div", {
      class: `tl-text ${config.kind}`,
      dir: "auto",
      tabindex: "0",
      role: "group",
      "aria-label": words.text,
      on: { pointerdown: (event) => (this.down = wordAt(event)), pointerup: (event) => this.pointed(event) },
    });
    this.pair = el("div", { class: "tl-text tl-pair", dir: "auto", "aria-label": words.pair });
    this.answers = el("div", { class: "tl-answers" });
    this.noteField = el("textarea", {
      class: "tl-note",
      rows: "2",
      placeholder: words.noteHint,
      "aria-label": words.note,
      hidden: true,
      on: { input: () => this.session.note(this.noteField.value) },
    });
    this.submitButton = button("submit", () => this.submit(), "Enter", "primary");
    this.keepButton = button("keepGiven", () => this.keepGiven(), "=");
    this.undoButton = button("undo", () => this.undo(), plain("u"));
    this.skipButton = config.mode === "settle" ? null : button("skip", () => this.skip(), plain("s"));
    this.reach = config.kind === "spans" ? this.buildReach() : null;
    this.actions = el("div", { class: "tl-actions" }, [
      this.submitButton, this.keepButton, this.skipButton, this.undoButton, button("note", () => this.openNote(), plain("n")),
    ]);
    this.work = el("div", { class: "tl-work" }, [
      el("article", { class: "tl-card" }, [this.why, this.text, this.pair, this.reach, this.answers]),
      this.panel.element, this.noteField, this.actions,
    ]);
    this.rest = el("div", { class: "tl-rest", hidden: true });
    this.aside = el("aside", { class: "tl-aside", hidden: true });
    this.live = el("div", { class: "tl-hidden", "aria-live": "polite", role: "status" });
    this.notice = el("div", { class: "tl-notice", role: "alert", hidden: true });
    this.dialog = el("dialog", { class: "tl-dialog", on: { click: (event) => event.target === this.dialog && this.dialog.close() } });
    fill(this, [
      el("header", { class: "tl-top" }, [
        el("div", { class: "tl-far" }, [this.count, this.meter]),
        this.saved,
        el("div", { class: "tl-tools" }, [
          button("guidelines", () => this.toggleAside("guidelines"), plain("g"), "quiet"),
          config.mode === "settle" ? null : button("history", () => this.toggleAside("history"), plain("h"), "quiet"),
          button("help", () => this.showHelp(), "?", "quiet"),
        ]),
      ]),
      el("div", { class: "tl-body" }, [el("div", { class: "tl-main" }, [this.work, this.rest]), this.aside]),
      this.live, this.notice, this.dialog,
    ]);
    this.classList.add("tl");
  }

  buildReach() {
    // For fingers: what arrows and Shift do on a keyboard.
    const reach = (text, title, act) =>
      el("button", { class: "tl-button", type: "button", text, "aria-label": title, title, on: { click: act } });
    return el("div", { class: "tl-reach" }, [
      reach("‹", this.words.wordBefore, () => this.move(-1, false)),
      reach("›", this.words.wordAfter, () => this.move(1, false)),
      reach("+ ‹", this.words.extendBefore, () => this.move(-1, true)),
      reach("+ ›", this.words.extendAfter, () => this.move(1, true)),
      reach("×", this.words.remove, () => this.removeEntity()),
    ]);
  }

  // -- showing --------------------------------------------------------------------------------------------------------

  draw() {
    this.drawTop();
    const { current } = this.session;
    this.work.hidden = current === null;
    this.rest.hidden = current !== null;
    if (current === null) {
      this.shownItem = null;
      this.drawRest();
      return;
    }
    if (this.shownItem !== current.task.item) this.arrive(current.task);
    this.drawText();
    this.drawLabels();
    this.drawActions();
    if (!this.aside.hidden && this.aside.dataset.shows === "history") this.drawHistory();
  }

  drawTop() {
    const { standing, outbox, offline } = this.session;
    const waiting = outbox.entries;
    const refused = waiting.filter((entry) => entry.refused).length;
    const state = refused ? "refused" : waiting.length ? "waiting" : offline ? "offline" : "saved";
    this.saved.dataset.state = state;
    const sentence = { refused: "refused", waiting: "unsaved", offline: "offline", saved: "allSaved" }[state];
    const shown = said(this.words[sentence], { n: refused || waiting.length });
    if (this.saved.textContent !== shown) this.saved.textContent = shown;
    if (outbox.trouble?.status === 401 || this.session.trouble === 401) this.signedOut();
    else if (outbox.trouble?.code === "not-from-here") this.tell(this.words.reload, 0);
    this.count.parentElement.classList.toggle("unknown", !standing);
    if (!standing) return;
    const own = standing.answered + standing.skipped;
    this.count.textContent = said(this.words.far, { done: standing.done, items: standing.items, own });
    this.meter.setAttribute("aria-valuemax", standing.items);
    this.meter.setAttribute("aria-valuenow", standing.done);
    this.meter.firstChild.style.width = `${standing.items ? (100 * standing.done) / standing.items : 0}%`;
  }

  drawRest() {
    const { session, words } = this;
    if (!session.empty) {
      fill(this.rest, [el("p", { class: "tl-muted", text: session.offline ? words.offlineLong : words.loading })]);
      return;
    }
    const { standing } = session;
    const settle = this.config.mode === "settle";
    const all = settle || !standing || standing.done >= standing.items;
    const title = settle ? words.nothingToSettle : standing?.closed ? words.closed : all ? words.finished : words.nothingLeft;
    const skipped = standing?.skipped
      ? el("button", { class: "tl-button", type: "button", on: { click: () => session.fetch({ skipped: true }) } }, [
          el("span", { text: said(words.skippedAgain, { n: standing.skipped }) }),
        ])
      : null;
    fill(this.rest, [
      el("h2", { text: title }),
      el("p", { class: "tl-muted", text: settle || standing?.closed ? "" : all ? words.finishedHint : words.nothingLeftHint }),
      el("div", { class: "tl-actions" }, [
        skipped,
        el("button", { class: "tl-button", type: "button", on: { click: () => session.fetch() } }, [el("span", { text: words.lookAgain })]),
        session.said.length ? el("button", { class: "tl-button", type: "button", on: { click: () => this.undo() } }, [el("span", { text: words.undo }), el("kbd", { text: "U" })]) : null,
      ]),
    ]);
  }

  arrive(task) {
    this.shownItem = task.item;
    this.model = new Text(task.text, task.words);
    this.cursor = this.config.kind === "spans" && task.words.length ? [0, 0] : null;
    this.anchor = 0;
    this.panel.clear();
    this.noteField.value = this.session.current.note;
    this.noteField.hidden = !this.session.current.note;
    fill(this.pair, task.text_pair ? [document.createTextNode(task.text_pair)] : []);
    this.pair.hidden = !task.text_pair;
    fill(this.why, this.reasons(task));
    this.why.hidden = this.why.childNodes.length === 0;
    this.text.scrollTop = 0;
    this.drawAnswers(task);
    this.announce(task.text_pair ? `${task.text} — ${task.text_pair}` : task.text);
  }

  reasons(task) {
    const reason = task.answers ? null : this.words.reasons[task.reason];
    const number = typeof task.priority === "number" ? ` (${task.priority.toFixed(2)})` : "";
    const why = task.suggestion?.why;
    return [
      reason ? el("span", { class: "tl-reason", text: reason + number }) : null,
      why ? el("span", { class: "tl-reason", text: why }) : null,
    ].filter(Boolean);
  }

  drawText() {
    const { target } = this.session.current;
    if (this.config.kind !== "spans") {
      if (this.text.textContent !== this.session.current.task.text) this.text.textContent = this.session.current.task.text;
      return;
    }
    const suggested = this.session.isSuggestion;
    // What stays as it is isn't made anew: somebody may just be selecting in it.
    const drawn = JSON.stringify([this.shownItem, target, this.cursor, suggested]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    fill(this.text, marked(this.model, target, { hues: this.hues, cursor: this.cursor, suggested }));
    this.text.querySelector(".cursor")?.scrollIntoView({ block: "nearest" });
  }

  drawLabels() {
    const { current } = this.session;
    const { kind } = this.config;
    const { suggestion, given } = current.task;
    const names = (target) => new Set(target === null || target === undefined ? [] : Array.isArray(target) ? target : [target]);
    const chosen = kind === "spans" ? new Set(this.underCursor().map(([, , label]) => label)) : names(current.target);
    const suggested = new Map();
    if (suggestion && kind !== "spans") {
      for (const name of names(suggestion.target)) suggested.set(name, suggestion.scores?.[name] ?? suggestion.score ?? null);
    }
    this.panel.show({ chosen, suggested, given: kind === "spans" ? new Set() : names(given) });
  }

  drawActions() {
    const { session, words } = this;
    const { current } = session;
    const ready = session.ready;
    const label = this.submitButton.firstChild;
    const accepts = current.task.suggestion && (session.isSuggestion || (this.config.kind === "label" && current.target === null));
    const none = Array.isArray(ready) && ready.length === 0;
    label.textContent = accepts ? words.accept : none ? (this.config.kind === "spans" ? words.noEntities : words.noLabels) : words.submit;
    this.submitButton.disabled = ready === undefined;
    this.keepButton.hidden = current.task.given === null || current.task.given === undefined;
    this.undoButton.disabled = session.said.length === 0 && current.edits.length === 0;
  }

  drawAnswers(task) {
    this.answers.hidden = !task.answers;
    if (!task.answers) return;
    fill(this.answers, task.answers.map((answer, number) =>
      el("button", { class: "tl-answer", type: "button", on: { click: () => this.takeAnswer(number) } }, [
        el("span", { class: "tl-answer-who" }, [el("kbd", { text: `Alt+${number + 1}` }), el("span", { text: answer.name })]),
        this.shownAnswer(answer, task),
        answer.note ? el("span", { class: "tl-answer-note", text: answer.note }) : null,
      ])));
  }

  shownAnswer({ target }, task) {
    if (target === null) return el("span", { class: "tl-muted", text: this.words.skipped });
    if (this.config.kind === "spans") {
      const text = new Text(task.text, task.words);
      return el("span", { class: "tl-answer-text", dir: "auto" }, marked(text, target, { hues: this.hues }));
    }
    const names = Array.isArray(target) ? target : [target];
    if (names.length === 0) return el("span", { class: "tl-muted", text: this.words.noLabels });
    const chip = (name) => el("span", { class: `tl-chip hue-${this.hues.get(name) ?? 0}`, text: name });
    return el("span", { class: "tl-chips" }, names.map(chip));
  }

  // -- doing ----------------------------------------------------------------------------------------------------------

  choose(label) {
    const { session, config } = this;
    if (session.current === null) return;
    if (config.kind === "spans") this.labelCursor(label);
    else if (config.kind === "labels") this.toggle(label);
    else if (this.atOnce && !this.session.current.note && this.noteField.hidden) {
      session.current.target = label;
      this.submit();
    } else session.say(label);
  }

  get atOnce() {
    return localStorage.getItem(AT_ONCE) !== "no";
  }

  toggle(label) {
    const now = this.session.current.target;
    this.session.say(now.includes(label) ? now.filter((one) => one !== label) : [...now, label].sort(byCodePoint));
  }

  labelCursor(label) {
    if (this.cursor === null) return;
    const now = this.session.current.target;
    const inside = this.underCursor();
    // One word within an entity stands for the entity; a longer stretch is meant as it is.
    const [start, end] = inside.length === 1 && this.cursor[0] === this.cursor[1] ? inside[0] : this.model.stretch(this.cursor);
    this.session.say(withSpan(now, start, end, label));
    this.announce(`${this.model.slice(start, end)}: ${label}`);
  }

  removeEntity() {
    const inside = this.underCursor();
    if (this.config.kind !== "spans" || inside.length === 0) return;
    this.session.say(this.session.current.target.filter((span) => !inside.includes(span)));
  }

  underCursor() {
    if (this.cursor === null || this.session.current === null) return [];
    return touched(this.session.current.target, ...this.model.stretch(this.cursor));
  }

  submit(target = this.session.ready) {
    if (target === undefined) {
      this.tell(this.words.chooseFirst);
      return;
    }
    if (this.session.submit(target)) this.focusWork();
  }

  skip() {
    if (this.config.mode !== "settle" && this.session.current) {
      this.session.skip();
      this.focusWork();
    }
  }

  undo() {
    const what = this.session.undo();
    if (what === null) this.tell(this.words.nothingToUndo);
    else if (what === "answer") this.announce(this.words.undone);
  }

  keepGiven() {
    const given = this.session.current?.task.given;
    if (given !== null && given !== undefined) this.submit(given);
  }

  takeAnswer(number) {
    const answer = this.session.current?.task.answers?.[number];
    if (answer?.target !== null && answer !== undefined) this.session.say(answer.target);
  }

  openNote() {
    this.noteField.hidden = false;
    this.noteField.focus();
  }

  // -- keys and pointer -----------------------------------------------------------------------------------------------

  pressed(event) {
    if (event.isComposing || event.defaultPrevented || this.dialog.open) return;
    if (document.querySelector(".q-dialog__backdrop, .q-menu")) return;
    if (isTyping(event.target) && !this.fromField(event)) return;
    const onControl = event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=menuitem]");
    if (onControl && (event.key === "Enter" || event.key === " ")) return;
    if (this.act(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }

  /** Say whether a key that is pressed in a field is meant for the page. */
  fromField(event) {
    const { target, key } = event;
    if (!this.contains(target)) return false;
    const combined = event.ctrlKey || event.metaKey || event.altKey;
    if (target === this.noteField) {
      if (key === "Escape") target.blur();
      if (key === "Enter" && combined) target.blur();
      return key === "Enter" && combined;
    }
    return (target === this.panel.field && target.value === "" && (key === "Enter" || /^[1-9]$/.test(key))) || event.altKey;
  }

  /** Do what a key stands for; say whether it stands for anything. */
  act(event) {
    const key = letter(event);
    const control = event.ctrlKey || event.metaKey;
    if (control && key.toLowerCase() === "z" && !event.shiftKey) return this.did(() => this.undo());
    if (control && key !== "Enter") return false;
    if (event.altKey && /^[1-9]$/.test(key)) return this.did(() => this.takeAnswer(Number(key) - 1));
    const command = COMMANDS[key.toLowerCase()];
    if (command && (event.altKey || this.panel.keys)) return this.did(() => this.command(command));
    if (event.altKey) return false;
    if (key === "?") return this.did(() => this.showHelp());
    if (key === "Escape") return this.did(() => this.escape());
    if (this.session.current === null) return false;
    if (key === "Enter") return this.did(() => this.submit());
    if (key === "=") return this.did(() => this.keepGiven());
    if (key === "/" && this.panel.field) return this.did(() => this.panel.search());
    return this.editing(event, key) || this.labelling(key);
  }

  did(act) {
    act();
    return true;
  }

  command(name) {
    const acts = {
      undo: () => this.undo(),
      skip: () => this.skip(),
      note: () => this.session.current && this.openNote(),
      guidelines: () => this.toggleAside("guidelines"),
      history: () => this.toggleAside("history"),
    };
    acts[name]();
  }

  labelling(key) {
    const label = this.panel.labelFor(key);
    if (label !== undefined) return this.did(() => this.choose(label));
    if (this.panel.field && key.length === 1 && /[\p{L}\p{N}_-]/u.test(key)) return this.did(() => this.panel.search(key));
    return false;
  }

  editing(event, key) {
    if (key === "Delete" || key === "Backspace") {
      if (this.config.kind === "spans") return this.did(() => this.removeEntity());
      return this.did(() => this.session.say(this.session.nothing));
    }
    if (this.cursor === null) return false;
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (key in steps) return this.did(() => this.move(steps[key], event.shiftKey));
    const last = this.model.words.length - 1;
    if (key === "Home" || key === "End") return this.did(() => this.moveTo(key === "Home" ? 0 : last, event.shiftKey));
    if (key === "ArrowUp" || key === "ArrowDown") {
      return this.did(() => this.moveTo(wordOnNextLine(this.text, this.head, key === "ArrowDown"), event.shiftKey));
    }
    return false;
  }

  /** The end of the cursor that moves. */
  get head() {
    return this.cursor[0] === this.anchor ? this.cursor[1] : this.cursor[0];
  }

  move(step, extend) {
    if (this.cursor === null) return;
    // A stretch that isn't extended is left at the side that one moves to.
    const from = extend ? this.head : step < 0 ? this.cursor[0] : this.cursor[1];
    this.moveTo(from + step, extend);
  }

  moveTo(word, extend) {
    const to = Math.max(0, Math.min(this.model.words.length - 1, word));
    if (!extend) this.anchor = to;
    this.cursor = [Math.min(this.anchor, to), Math.max(this.anchor, to)];
    this.drawText();
    this.drawLabels();
    this.announce(this.described());
  }

  described() {
    const [start, end] = this.model.stretch(this.cursor);
    const labels = this.underCursor().map(([, , label]) => label);
    return [this.model.slice(start, end), ...labels].join(", ");
  }

  pointed(event) {
    if (this.config.kind !== "spans" || this.session.current === null) return;
    const stretch = selectedStretch(this.text);
    const up = wordAt(event);
    // A browser selects a character from its middle on; where a character is a word, whatever was touched is meant.
    const short = this.down === up ? [] : [this.down, up].filter((word) => word !== null && this.model.size(word) === 1);
    const words = [...((stretch && this.model.wordsIn(...stretch)) ?? []), ...short];
    if (stretch !== null) getSelection().removeAllRanges();
    if (words.length > 0) {
      this.anchor = Math.min(...words);
      this.moveTo(Math.max(...words), true);
    } else if (up !== null) {
      this.moveTo(up, event.shiftKey);
    }
  }

  escape() {
    if (!this.aside.hidden) this.toggleAside(this.aside.dataset.shows);
    else if (this.cursor) this.moveTo(this.head, false);
    this.panel.clear();
    this.focusWork();
  }

  focusWork() {
    // A control that was clicked would take the next Enter for itself.
    if (document.activeElement !== this.text && !this.work.hidden) this.text.focus({ preventScroll: true });
  }

  // -- beside the work ------------------------------------------------------------------------------------------------

  toggleAside(what) {
    const closing = !this.aside.hidden && this.aside.dataset.shows === what;
    this.aside.hidden = closing;
    this.aside.dataset.shows = what;
    if (closing) return;
    if (what === "history") this.drawHistory();
    else this.drawGuidelines();
  }

  drawGuidelines() {
    const { guidelines } = this.config;
    fill(this.aside, [
      this.asideHead(this.words.guidelines),
      el("p", { class: guidelines ? "tl-guidelines" : "tl-muted", dir: "auto", text: guidelines || this.words.noGuidelines }),
    ]);
  }

  drawHistory() {
    const past = [...this.session.said].reverse().slice(0, 30);
    fill(this.aside, [
      this.asideHead(this.words.history),
      past.length ? null : el("p", { class: "tl-muted", text: this.words.noHistory }),
      ...past.map((one) =>
        el("button", { class: "tl-past", type: "button", on: { click: () => { this.session.reopen(one); this.focusWork(); } } }, [
          el("span", { class: "tl-past-text", dir: "auto", text: one.task.text }),
          this.config.kind === "spans" && one.target !== null
            ? el("span", { class: "tl-muted", text: said(this.words.entities, { n: one.target.length }) })
            : this.shownAnswer(one, one.task),
        ])),
    ]);
  }

  asideHead(title) {
    const close = el("button", {
      class: "tl-button quiet", type: "button", text: "×", "aria-label": this.words.close,
      on: { click: () => this.toggleAside(this.aside.dataset.shows) },
    });
    return el("header", {}, [el("h2", { text: title }), close]);
  }

  showHelp() {
    const { words, config, panel } = this;
    const with_ = (key) => (panel.keys ? [key.toUpperCase()] : ["Alt", key.toUpperCase()]);
    const lines = [
      [panel.keys ? [panel.keys[0], "…", panel.keys[panel.keys.length - 1]] : ["a", "…", "z"], panel.keys ? words.helpLabel : words.helpFind],
      panel.keys ? null : [["1", "…", "9"], words.helpNumber],
      [["Enter"], words.helpEnter],
      config.kind === "spans" ? [["←", "→", "↑", "↓"], words.helpMove] : null,
      config.kind === "spans" ? [["Shift", "→"], words.helpExtend] : null,
      config.kind === "spans" ? [["Delete"], words.helpDelete] : null,
      config.mode === "settle" ? [["Alt", "1"], words.helpTake] : [with_("s"), words.helpSkip],
      [with_("u"), words.helpUndo],
      [["Ctrl", "Z"], words.helpUndo],
      [["="], words.helpGiven],
      [with_("n"), words.helpNote],
      [["Ctrl", "Enter"], words.helpSubmitNote],
      [with_("g"), words.guidelines],
      config.mode === "settle" ? null : [with_("h"), words.history],
      [["?"], words.help],
    ].filter(Boolean);
    fill(this.dialog, [
      el("h2", { text: words.helpTitle }),
      el("dl", {}, lines.flatMap(([keys, meaning]) => [
        el("dt", {}, keys.map((key) => (key === "…" ? el("span", { text: key }) : el("kbd", { text: key })))),
        el("dd", { text: meaning }),
      ])),
      config.kind === "label" ? this.atOnceChoice() : null,
      el("div", { class: "tl-actions end" }, [
        el("button", { class: "tl-button", type: "button", text: words.close, on: { click: () => this.dialog.close() } }),
      ]),
    ]);
    this.dialog.showModal();
  }

  atOnceChoice() {
    const box = el("input", { type: "checkbox", on: { change: () => localStorage.setItem(AT_ONCE, box.checked ? "yes" : "no") } });
    box.checked = this.atOnce;
    return el("label", { class: "tl-check" }, [box, el("span", { text: this.words.atOnce })]);
  }

  showUnsaved() {
    const { outbox } = this.session;
    const entries = outbox.entries;
    fill(this.dialog, [
      el("h2", { text: said(this.words.unsaved, { n: entries.length }) }),
      el("p", { class: "tl-muted", text: this.words.unsavedHint }),
      ...entries.filter((entry) => entry.refused).map((entry) => el("div", { class: "tl-refused" }, [
        el("p", { text: entry.said?.task.text ?? "" }),
        el("p", { class: "tl-danger", text: entry.refused }),
        el("div", { class: "tl-actions" }, [
          el("button", { class: "tl-button", type: "button", text: this.words.tryAgain, on: { click: () => { this.session.retry(entry.name); this.dialog.close(); } } }),
          el("button", { class: "tl-button", type: "button", text: this.words.discard, on: { click: () => { outbox.drop(entry.name); this.dialog.close(); } } }),
        ]),
      ])),
      el("div", { class: "tl-actions end" }, [
        el("button", { class: "tl-button", type: "button", text: this.words.tryAgain, on: { click: () => { outbox.send(); this.dialog.close(); } } }),
        el("button", { class: "tl-button primary", type: "button", text: this.words.close, on: { click: () => this.dialog.close() } }),
      ]),
    ]);
    this.dialog.showModal();
  }

  signedOut() {
    if (this.notice.dataset.kind === "signed-out") return;
    this.tell(this.words.signedOut, 0);
    this.notice.dataset.kind = "signed-out";
    this.notice.append(" ", el("a", { href: this.config.signIn, text: this.words.signIn }));
  }

  tell(sentence, milliseconds = NOTICE_MS) {
    this.notice.textContent = sentence;
    this.notice.dataset.kind = "";
    this.notice.hidden = false;
    clearTimeout(this.noticeTimer);
    if (milliseconds) this.noticeTimer = setTimeout(() => (this.notice.hidden = true), milliseconds);
  }

  announce(sentence) {
    this.live.textContent = sentence;
  }
}

/** Return the number of the word under the pointer; null for none. */
function wordAt(event) {
  const piece = event.target.closest?.("[data-word]");
  return piece ? Number(piece.dataset.word) : null;
}

/** Sort as Python sorts: by code points. */
function byCodePoint(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (let place = 0; place < Math.min(a.length, b.length); place += 1) {
    if (a[place] !== b[place]) return a[place].codePointAt(0) - b[place].codePointAt(0);
  }
  return a.length - b.length;
}

if (!customElements.get("tunery-labelling")) customElements.define("tunery-labelling", LabellingElement);
