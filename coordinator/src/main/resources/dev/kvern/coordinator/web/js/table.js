// A table whose rows follow a list of items: one row per key, kept while its item stays.

import { byId, create, setText } from "./dom.js";

export class LiveTable {
  #frame;
  #body;
  #empty;

  /** What the notice for "nothing here" says. */
  emptyText;
  #key;
  #columns;
  #decorate;
  #rows = new Map();

  /**
   * @param id the table's; the frame around it is hidden while there are no items, and its notice for "nothing here" is `${id}-empty`
   * @param emptyText what that notice says once the coordinator has answered
   * @param key item -> what identifies it
   * @param columns [{ className, heading, write(cell, item) }] in the order of the table's head; one is the row's heading
   * @param decorate (row, item) -> void, for what concerns the row as a whole
   */
  constructor(id, { emptyText, key, columns, decorate }) {
    const table = byId(id);
    this.#frame = table.parentElement;
    this.#body = table.tBodies[0];
    this.#empty = byId(`${id}-empty`);
    this.emptyText = emptyText;
    this.#key = key;
    this.#columns = columns;
    this.#decorate = decorate;
  }

  show(items) {
    this.#frame.hidden = items.length === 0;
    this.#empty.hidden = items.length > 0;
    setText(this.#empty, this.emptyText);

    const gone = new Set(this.#rows.keys());
    items.forEach((item, i) => {
      const key = this.#key(item);
      gone.delete(key);
      const row = this.#rows.get(key) ?? this.#add(key);
      const place = this.#body.rows[i] ?? null;
      if (place !== row) this.#body.insertBefore(row, place);
      this.#decorate(row, item);
      this.#columns.forEach((column, c) => column.write(row.cells[c], item));
    });
    for (const key of gone) {
      this.#rows.get(key).remove();
      this.#rows.delete(key);
    }
  }

  #add(key) {
    const row = create("tr");
    for (const { className, heading } of this.#columns) {
      const cell = create(heading ? "th" : "td", className, row);
      if (heading) cell.scope = "row";
    }
    this.#rows.set(key, row);
    return row;
  }
}

/** A column of text. */
export function text(read, className) {
  return { className, write: (cell, item) => setText(cell, read(item)) };
}

/** The same column, naming its row. */
export function heading(column) {
  return { ...column, heading: true };
}

/** A column of names, cut where they are too long for it; the whole name is the tooltip. */
export function name(read) {
  return {
    className: "name",
    write(cell, item) {
      const value = read(item);
      setText(cell, value);
      cell.title = value;
    },
  };
}

/** A column of right-aligned figures. */
export function figure(read) {
  return text(read, "number");
}
