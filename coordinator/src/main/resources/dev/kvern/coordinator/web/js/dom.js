// Text and small bars, written only where they changed, so that selections, focus and scroll positions survive each second.

export const byId = (id) => document.getElementById(id);

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function create(tag, className, parent) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent?.append(element);
  return element;
}

/** A horizontal bar of parts [className, amount] of a total, hidden where there is none. Its cell says the same in barText. */
export function setBar(cell, parts, total) {
  const bar = cell.querySelector(".bar") ?? createBar(cell, parts);
  bar.hidden = !total;
  parts.forEach(([, amount], i) => {
    const percent = total > 0 ? Math.min(100, (100 * (amount ?? 0)) / total) : 0;
    bar.children[i].style.width = `${percent.toFixed(2)}%`;
  });
}

export function barText(cell) {
  return cell.querySelector(".bar-text") ?? create("span", "bar-text", cell);
}

function createBar(cell, parts) {
  const bar = create("span", "bar");
  bar.setAttribute("aria-hidden", "true");
  for (const [className] of parts) create("span", className, bar);
  cell.prepend(bar);
  return bar;
}
