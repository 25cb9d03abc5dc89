// Showing a text, with entities where there are any, and finding out what of it a person points at.

import { el } from "./dom.js";
import { pointsBefore } from "./spans.js";

/**
 * Show a text with its entities.
 * @param {import("./spans.js").Text} text
 * @param {[number, number, string][]} spans
 * @param {{hues: Map<string, number>, cursor?: [number, number] | null, suggested?: boolean}} about
 */
export function marked(text, spans, { hues, cursor = null, suggested = false }) {
  const parts = [];
  let mark = null;
  for (const piece of text.pieces(spans)) {
    const here = cursor !== null && inCursor(piece, text, cursor);
    const leaf = el("span", {
      class: `piece${here ? " cursor" : ""}`,
      text: text.slice(piece.start, piece.end),
      "data-start": piece.start,
      "data-word": piece.word < 0 ? null : piece.word,
    });
    if (piece.span < 0) {
      mark = null;
      parts.push(leaf);
      continue;
    }
    const [start, , label] = spans[piece.span];
    if (mark === null || mark.dataset.from !== String(start)) {
      mark = entity(start, label, hues, suggested);
      parts.push(mark);
    }
    mark.insertBefore(leaf, mark.lastChild);
  }
  return parts;
}

function entity(start, label, hues, suggested) {
  const name = el("small", { class: "entity-label", "aria-hidden": "true", "data-label": label });
  return el("mark", {
    class: `entity hue-${hues.get(label) ?? 0}${suggested ? " suggested" : ""}`,
    "data-from": start,
    title: label,
    "aria-label": label,
  }, [name]);
}

function inCursor(piece, text, cursor) {
  const [start, end] = text.stretch(cursor);
  return piece.start >= start && piece.end <= end;
}

/** Return the stretch of the text that is selected with the pointer, in code points; null for none. */
export function selectedStretch(element) {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.commonAncestorContainer)) return null;
  const start = placeOf(element, range.startContainer, range.startOffset, false);
  const end = placeOf(element, range.endContainer, range.endOffset, true);
  return start === null || end === null || end <= start ? null : [start, end];
}

function placeOf(element, node, offset, isEnd) {
  if (node.nodeType === Node.TEXT_NODE) {
    const piece = node.parentElement.closest("[data-start]");
    return piece === null ? null : Number(piece.dataset.start) + pointsBefore(node.data, offset);
  }
  // Between two elements: what follows starts here, what precedes ends here.
  const pieces = [...element.querySelectorAll("[data-start]")];
  const edge = document.createRange();
  edge.setStart(element, 0);
  edge.setEnd(node, offset);
  const before = pieces.filter((piece) => edge.comparePoint(piece, piece.childNodes.length) <= 0);
  const last = before[before.length - 1];
  if (last !== undefined) return Number(last.dataset.start) + Array.from(last.textContent).length;
  return isEnd ? null : 0;
}

/** Return the number of the word above or below another, nearest to it; itself where there is no further line. */
export function wordOnNextLine(element, word, down) {
  const boxes = [...element.querySelectorAll("[data-word]")].map((piece) => [piece, piece.getBoundingClientRect()]);
  const here = boxes.find(([piece]) => Number(piece.dataset.word) === word)?.[1];
  if (!here) return word;
  const middle = (here.left + here.right) / 2;
  const others = boxes.filter(([, box]) => (down ? box.top > here.bottom - 2 : box.bottom < here.top + 2));
  if (others.length === 0) return word;
  const line = down ? Math.min(...others.map(([, box]) => box.top)) : Math.max(...others.map(([, box]) => box.top));
  const near = others.filter(([, box]) => Math.abs(box.top - line) < here.height / 2);
  const distance = ([, box]) => Math.abs((box.left + box.right) / 2 - middle);
  return Number(near.reduce((best, one) => (distance(one) < distance(best) ? one : best))[0].dataset.word);
}
