// The labels to choose from, each with its key; where there are many, typing finds them.

import { el, fill, said } from "./dom.js";
import { keysFor } from "./keys.js";

export class Panel {
  /**
   * @param {{labels: {name: string, hue: number}[], kind: string, words: Record<string, string>}} config
   * @param {(label: string) => void} choose
   */
  constructor({ labels, kind, words }, choose) {
    this.labels = labels;
    this.kind = kind;
    this.words = words;
    this.choose = choose;
    this.keys = keysFor(labels);
    this.field = this.keys ? null : this.makeField();
    this.list = el("div", {
      class: "tl-labels",
      role: kind === "label" ? "radiogroup" : "group",
      "aria-label": words.labels,
    });
    this.element = el("section", { class: `tl-panel${this.keys ? "" : " many"}` }, [this.field, this.list]);
    this.buttons = labels.map((label, number) => this.makeButton(label, number));
    this.show({ chosen: new Set(), suggested: new Map(), given: new Set() });
  }

  /** Return the label that a key stands for. */
  labelFor(key) {
    const number = this.keys ? this.keys.indexOf(key) : "123456789".indexOf(key);
    const found = this.keys ? this.labels : this.found();
    return number < 0 ? undefined : found[number]?.name;
  }

  /** Let what is typed find labels. */
  search(first = "") {
    if (this.field === null) return false;
    this.field.focus();
    if (first) {
      this.field.value += first;
      this.show(this.shown);
    }
    return true;
  }

  clear() {
    if (this.field === null || this.field.value === "") return;
    this.field.value = "";
    this.show(this.shown);
  }

  /** @param {{chosen: Set<string>, suggested: Map<string, number | null>, given: Set<string>}} shown */
  show(shown) {
    this.shown = shown;
    const found = this.found();
    const visible = found.map(({ name }) => {
      const button = this.buttons[this.labels.findIndex((label) => label.name === name)];
      this.dress(button, name, shown);
      return button;
    });
    if (this.keys === null) visible.forEach((button, number) => this.number(button, number));
    fill(this.list, visible.length ? visible : [el("p", { class: "tl-muted", text: this.words.noLabel })]);
  }

  found() {
    const wanted = this.field?.value.trim().toLowerCase() ?? "";
    if (!wanted) return this.keys ? this.labels : this.usual();
    const parts = wanted.split(/\s+/);
    const fits = ({ name }) => parts.every((part) => name.toLowerCase().includes(part));
    const starts = ({ name }) => !name.toLowerCase().startsWith(wanted);
    return this.labels.filter(fits).sort((one, other) => starts(one) - starts(other));
  }

  /** What is suggested, chosen or given comes first among many. */
  usual() {
    const { suggested, chosen, given } = this.shown ?? { suggested: new Map(), chosen: new Set(), given: new Set() };
    const first = ({ name }) => suggested.has(name) || chosen.has(name) || given.has(name);
    const rank = ({ name }) => suggested.get(name) ?? 0;
    const ahead = this.labels.filter(first).sort((one, other) => rank(other) - rank(one));
    return [...ahead, ...this.labels.filter((label) => !first(label))];
  }

  makeField() {
    return el("input", {
      class: "tl-find",
      type: "search",
      placeholder: said(this.words.find, { n: this.labels.length }),
      "aria-label": said(this.words.find, { n: this.labels.length }),
      autocomplete: "off",
      spellcheck: "false",
      on: {
        input: () => this.show(this.shown),
        keydown: (event) => this.typed(event),
      },
    });
  }

  typed(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const filled = this.field.value.trim() !== "";
    const numbered = filled ? this.labelFor(event.key) : undefined;
    if (event.key === "Escape") {
      this.clear();
      this.field.blur();
    } else if (event.key === "Enter" && filled) {
      this.pick(this.found()[0]?.name);
    } else if (numbered !== undefined) {
      this.pick(numbered);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  pick(label) {
    if (label === undefined) return;
    this.field.blur();
    this.clear();
    this.choose(label);
  }

  makeButton({ name, hue }, number) {
    const key = el("kbd", { "aria-hidden": "true", text: this.keys?.[number] ?? "" });
    // Long names break after an underscore first.
    const parts = name.split(/(?<=_)/).flatMap((part) => [document.createTextNode(part), document.createElement("wbr")]);
    return el("button", {
      class: `tl-label hue-${hue}`,
      type: "button",
      role: this.kind === "label" ? "radio" : null,
      title: name,
      on: { click: () => this.choose(name) },
    }, [key, el("span", { class: "tl-label-name" }, parts), el("span", { class: "tl-label-note" })]);
  }

  number(button, number) {
    button.firstChild.textContent = number < 9 ? String(number + 1) : "";
  }

  dress(button, name, { chosen, suggested, given }) {
    const on = chosen.has(name);
    button.setAttribute(this.kind === "label" ? "aria-checked" : "aria-pressed", String(on));
    button.classList.toggle("suggested", suggested.has(name));
    const score = suggested.get(name);
    const notes = [
      suggested.has(name) ? (typeof score === "number" ? `${Math.round(score * 100)}%` : this.words.suggested) : "",
      given.has(name) ? this.words.given : "",
    ];
    button.lastChild.textContent = notes.filter(Boolean).join(" · ");
  }
}
