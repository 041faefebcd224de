// What the coordinator sends: its state and one point of history each second, for as long as the page is open.

/** A stream that is silent for so long is opened again: the browser itself does not retry after an HTTP error or a half-open connection. */
const SILENCE_MILLIS = 6_000;

export class Feed {
  #listener;
  #source;
  #historyWanted = true;
  #heardMillis;

  /** @param listener { connection(live), state(state), point(point), history(history) } */
  constructor(listener) {
    this.#listener = listener;
  }

  start() {
    this.#open();
    setInterval(() => {
      if (Date.now() - this.#heardMillis > SILENCE_MILLIS) this.#reopen();
    }, 1000);
  }

  #open() {
    this.#heardMillis = Date.now();
    this.#source = new EventSource("api/stream");
    this.#source.addEventListener("error", () => this.#lost());
    this.#source.addEventListener("state", (event) => {
      this.#heard();
      this.#listener.state(JSON.parse(event.data));
    });
    this.#source.addEventListener("point", (event) => {
      this.#heard();
      this.#listener.point(JSON.parse(event.data));
    });
  }

  #reopen() {
    this.#source.close();
    this.#lost();
    this.#open();
  }

  #lost() {
    this.#historyWanted = true;
    this.#listener.connection(false);
  }

  #heard() {
    this.#heardMillis = Date.now();
    this.#listener.connection(true);
    if (this.#historyWanted) this.#fetchHistory();
  }

  async #fetchHistory() {
    this.#historyWanted = false;
    try {
      const response = await fetch("api/history");
      if (!response.ok) throw new Error(`api/history: ${response.status}`);
      this.#listener.history(await response.json());
    } catch {
      this.#historyWanted = true; // the next event asks again
    }
  }
}
