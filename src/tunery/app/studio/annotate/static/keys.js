// Which key does what.

/** Commands by their letter; where letters find labels, they need Alt. */
export const COMMANDS = { u: "undo", s: "skip", n: "note", g: "guidelines", h: "history" };

const LABEL_KEYS = [..."123456789", ..."abcdefijklmopqrtvwxyz"];

/** Return the key of each label; null where there are more labels than keys: then they are found by typing. */
export function keysFor(labels) {
  return labels.length > LABEL_KEYS.length ? null : LABEL_KEYS.slice(0, labels.length);
}

/** Return the key that an event is about without modifiers, also where Alt makes another letter of it. */
export function letter(event) {
  return event.altKey && /^(Key|Digit)/.test(event.code) ? event.code.slice(-1).toLowerCase() : event.key;
}

/** Say whether keys go into a field. */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
