"use strict";
// Sorting the tables of a report by a click on a heading, in the browser alone.
document.addEventListener("click", (event) => {
  const heading = event.target.closest?.("button.sort")?.closest("th");
  if (!heading) return;
  const table = heading.closest("table");
  const text = heading.dataset.sort === "text";
  const before = heading.getAttribute("aria-sort");
  const down = before ? before === "ascending" : !text;
  for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => {
    const cell = row.children[heading.cellIndex];
    return text ? cell.textContent.trim() : Number(cell.dataset.value ?? cell.textContent.replaceAll(",", ""));
  };
  const order = (a, b) => {
    const [x, y] = [value(a), value(b)];
    return text ? x.localeCompare(y, document.documentElement.lang) : x - y;
  };
  const rows = [...table.tBodies[0].rows].sort(order);
  table.tBodies[0].append(...(down ? rows.reverse() : rows));
});
