// The page's end of the connection that all pages of the session share.
import { SILENT_MS, type Hearer } from "./stream.js";

/** What the worker says to each page. */
export type Heard = "lost" | { name: string; data: string };

export class SharedStream {
  #address: string;
  #session: string;
  #hearer: Hearer;
  #onBroken: () => void;
  #port: MessagePort | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `session` keeps people apart who use one browser after each other. `onBroken`: the worker cannot run here. */
  constructor(address: string, session: string, hearer: Hearer, onBroken: () => void) {
    this.#address = address;
    this.#session = session;
    this.#hearer = hearer;
    this.#onBroken = onBroken;
  }

  open(): void {
    this.close();
    this.#hearer.lose();
    const worker = new SharedWorker(this.#address, { type: "module", name: this.#session });
    worker.onerror = () => this.#onBroken();
    this.#port = worker.port;
    this.#port.onmessage = (event: MessageEvent<Heard>) => this.#hear(event.data);
    this.#expect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#port?.postMessage("bye");
    this.#port?.close();
    this.#port = undefined;
  }

  #hear(heard: Heard): void {
    this.#expect();
    if (heard === "lost") this.#hearer.lose();
    else this.#hearer.hear(heard.name, heard.data);
  }

  /** A worker that has died says nothing any more; a new one takes its place. */
  #expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), 2 * SILENT_MS);
  }
}
