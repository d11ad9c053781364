// One connection to /events that lasts: opened anew when it breaks or falls silent.

export interface Hearer {
  /** A message by its name, with its data as JSON. */
  hear(name: string, data: string): void;
  /** From now on nothing is known until the next snapshot. */
  lose(): void;
}

export const NAMES = ["snapshot", "presence", "alert", "step", "camera", "beat"];
/** Three beats of the server: a connection that breaks without a word is noticed too. */
export const SILENT_MS = 45000;
const AGAIN_MS = 10000;

export class Stream {
  #hearer: Hearer;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hearer: Hearer) {
    this.#hearer = hearer;
  }

  /** The browser reconnects by itself, except after an answer that is no stream. */
  open(): void {
    this.close();
    this.#hearer.lose();
    const source = new EventSource("/events");
    this.#source = source;
    for (const name of NAMES) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.#openIn(SILENT_MS);
        this.#hearer.hear(name, event.data);
      });
    }
    source.onerror = () => {
      this.#hearer.lose();
      if (source.readyState === EventSource.CLOSED) this.#openIn(AGAIN_MS);
    };
    this.#openIn(SILENT_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #openIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), ms);
  }
}
