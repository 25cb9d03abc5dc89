"use strict";
for (const heading of document.querySelectorAll("th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const table = heading.closest("table");
    const down = heading.getAttribute("aria-sort") !== "descending" && heading.dataset.sort !== "text"
      || heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const cell = row.children[heading.cellIndex];
      return heading.dataset.sort === "text" ? cell.textContent.trim() : Number(cell.dataset.value ?? cell.textContent);
    };
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      return typeof x === "string" ? x.localeCompare(y, document.documentElement.lang) : x - y;
    };
    const rows = [...table.tBodies[0].rows].sort(order);
    table.tBodies[0].append(...(down ? rows.reverse() : rows));
  });
}
