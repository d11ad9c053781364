// What changes at the counters, as it changes: /events → DOM events on <body>, badges and states.
import { expectSnapshot, snapshotCame } from "./connection.js";

export interface Presence {
  counter_id: string;
  staff: string;
  customer: string;
  since: string;
}

export interface Alert {
  id: number;
  kind: string;
  state: string;
  hall_id: string;
  counter_id: string | null;
  camera_id: string | null;
  absence_id: number | null;
  raised_at: string;
}

interface Snapshot {
  presence: Presence[];
  alerts: Alert[];
}

const NAMES = ["snapshot", "presence", "alert", "step", "camera", "beat"];
const AGAIN_MS = 10000;
/** Three beats of the server: a connection that breaks without a word is noticed too. */
const SILENT_MS = 45000;

const open = new Set<number>();
let source: EventSource | undefined;
let timer: number | undefined;

/** Listens as long as the page lives. The browser reconnects by itself, except after an answer that is no stream. */
export function listen(): void {
  connect();
  // A page kept in the browser's cache must not hold a connection.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
}

function connect(): void {
  disconnect();
  expectSnapshot();
  const stream = new EventSource("/events");
  source = stream;
  for (const name of NAMES) {
    stream.addEventListener(name, (event: MessageEvent<string>) => {
      connectIn(SILENT_MS);
      receive(name, JSON.parse(event.data));
    });
  }
  stream.onerror = () => {
    expectSnapshot();
    if (stream.readyState === EventSource.CLOSED) connectIn(AGAIN_MS);
  };
  connectIn(SILENT_MS);
}

function disconnect(): void {
  clearTimeout(timer);
  source?.close();
}

function connectIn(ms: number): void {
  clearTimeout(timer);
  timer = window.setTimeout(connect, ms);
}

function receive(name: string, detail: unknown): void {
  if (name === "snapshot") begin(detail as Snapshot);
  if (name === "presence") showPresence(detail as Presence);
  if (name === "alert") count(detail as Alert);
  document.body.dispatchEvent(new CustomEvent(`hallwatch:${name}`, { detail, bubbles: true }));
}

function begin(snapshot: Snapshot): void {
  snapshotCame();
  snapshot.presence.forEach(showPresence);
  open.clear();
  for (const alert of snapshot.alerts) if (alert.state === "raised") open.add(alert.id);
  showCount();
}

function showPresence(presence: Presence): void {
  for (const place of document.querySelectorAll<HTMLElement>(`[data-counter="${CSS.escape(presence.counter_id)}"]`)) {
    place.dataset["state"] = presence.staff;
    place.dataset["customer"] = presence.customer;
  }
}

function count(alert: Alert): void {
  if (alert.state === "raised") open.add(alert.id);
  else open.delete(alert.id);
  showCount();
}

function showCount(): void {
  for (const badge of document.querySelectorAll<HTMLElement>("[data-alert-count]")) {
    badge.textContent = badge.dataset["count"] = String(open.size);
  }
}
