// What the coordinator sends for as long as the page is open: first everything, then each second what has changed.

/** A stream that is silent for so long is opened again: the browser itself does not retry after an HTTP error or a half-open connection. */
const SILENCE_MILLIS = 6_000;

const CHANGES = ["state", "point", "ttft", "nodes"];

export class Feed {
  #listener;
  #source;
  #heardMillis;

  /** Changes that came while everything was being fetched; null once it is there. */
  #waiting = [];
  #fetching = false;

  /** Grows when what was asked for before is no longer enough. */
  #generation = 0;

  /** @param listener { connection(live), all(state, history), change(name, data) } */
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
    this.#source.addEventListener("resync", () => this.#startAnew());
    for (const name of CHANGES) {
      this.#source.addEventListener(name, (event) => this.#heard(name, JSON.parse(event.data)));
    }
  }

  #reopen() {
    this.#source.close();
    this.#lost();
    this.#open();
  }

  #lost() {
    this.#startAnew();
    this.#listener.connection(false);
  }

  #startAnew() {
    this.#generation++;
    this.#waiting = [];
  }

  #heard(name, data) {
    this.#heardMillis = Date.now();
    this.#listener.connection(true);
    if (this.#waiting === null) {
      this.#listener.change(name, data);
    } else {
      this.#waiting.push([name, data]);
      this.#fetchAll();
    }
  }

  async #fetchAll() {
    if (this.#fetching) return;
    this.#fetching = true;
    const generation = this.#generation;
    try {
      const answers = await Promise.all([fetch("api/state"), fetch("api/history")]);
      const [state, history] = await Promise.all(answers.map((answer) => answer.json()));
      // Something was missed meanwhile: the next change asks again.
      if (generation !== this.#generation) return;
      const missed = this.#waiting ?? [];
      this.#waiting = null;
      this.#listener.all(state, history);
      for (const [name, data] of missed) this.#listener.change(name, data);
    } catch {
      // The next change asks again.
    } finally {
      this.#fetching = false;
    }
  }
}
