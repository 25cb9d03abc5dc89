// Making elements. Whatever a person wrote goes through `text`, so that it is never read as markup.

/**
 * Make an element.
 * @param {string} tag
 * @param {{text?: string, class?: string, on?: Record<string, EventListener>} & Record<string, unknown>} about
 *   attributes; null and false leave one away, true writes an empty one
 * @param {(Node | null)[]} children
 */
export function el(tag, about = {}, children = []) {
  const { text, class: classes, on, ...attributes } = about;
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter(Boolean));
  return element;
}

/** Replace what is in an element. */
export function fill(element, children) {
  element.replaceChildren(...children.filter(Boolean));
}

/** Put values into a sentence: `{n}` becomes `values.n`. */
export function said(sentence, values = {}) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Return a name that sorts by the time it was made: a ULID in lower case. */
export function newName() {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  let time = Math.max(Date.now(), newName.last + 1);
  newName.last = time;
  let written = "";
  for (let place = 0; place < 10; place += 1) {
    written = alphabet[time % 32] + written;
    time = Math.floor(time / 32);
  }
  const random = crypto.getRandomValues(new Uint8Array(16));
  return written + Array.from(random, (byte) => alphabet[byte & 31]).join("");
}
newName.last = 0;
