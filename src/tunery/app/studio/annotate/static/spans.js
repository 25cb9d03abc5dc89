// Texts in code points, and editing entities in them. Nothing here touches the page.

/** A text that is counted in code points, as the server counts. */
export class Text {
  constructor(text, words) {
    this.points = Array.from(text);
    this.words = words;
  }

  get length() {
    return this.points.length;
  }

  slice(start, end) {
    return this.points.slice(start, end).join("");
  }

  /** Return how many code points a word has. */
  size(word) {
    return this.words[word][1] - this.words[word][0];
  }

  /** Return the first and the last word that a stretch touches; null where it touches none. */
  wordsIn(start, end) {
    const touched = this.words.map(([a, b], number) => (a < end && b > start ? number : -1)).filter((n) => n >= 0);
    return touched.length ? [touched[0], touched[touched.length - 1]] : null;
  }

  /** Return where some words start and end. */
  stretch([first, last]) {
    return [this.words[first][0], this.words[last][1]];
  }

  /** Cut the text where a word or an entity starts or ends: `{start, end, word, span}`, -1 for none. */
  pieces(spans) {
    const cuts = new Set([0, this.length]);
    for (const [start, end] of [...this.words, ...spans]) cuts.add(start).add(end);
    const sorted = [...cuts].sort((a, b) => a - b);
    const found = [];
    let word = 0;
    let span = 0;
    for (let number = 0; number + 1 < sorted.length; number += 1) {
      const [start, end] = [sorted[number], sorted[number + 1]];
      while (word < this.words.length && this.words[word][1] <= start) word += 1;
      while (span < spans.length && spans[span][1] <= start) span += 1;
      found.push({
        start,
        end,
        word: word < this.words.length && this.words[word][0] <= start ? word : -1,
        span: span < spans.length && spans[span][0] <= start ? span : -1,
      });
    }
    return found;
  }
}

/** Return the spans with one more; those that it overlaps go. */
export function withSpan(spans, start, end, label) {
  const rest = spans.filter(([a, b]) => b <= start || a >= end);
  return [...rest, [start, end, label]].sort((one, other) => one[0] - other[0]);
}

/** Return the spans that a stretch touches. */
export function touched(spans, start, end) {
  return spans.filter(([a, b]) => a < end && b > start);
}

/** Say whether two answers are the same. */
export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Return how many code points precede a place that the browser gives in UTF-16 units. */
export function pointsBefore(text, units) {
  return Array.from(text.slice(0, units)).length;
}
