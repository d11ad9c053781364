// What changes at the counters, as it changes: /events → DOM events on <body>, badges and states.
import { expectSnapshot, snapshotCame } from "./connection.js";
import type { Alert, Presence, Snapshot, Step } from "./known.js";
import { SharedStream } from "./shared.js";
import { Stream, type Hearer } from "./stream.js";

const raised = new Set<number>();
const hearer: Hearer = { hear: (name, data) => receive(name, JSON.parse(data)), lose: expectSnapshot };

/** Listens as long as the page lives. */
export function listen(session: string): void {
  let stream: Stream | SharedStream = new Stream(hearer);
  const worker = document.querySelector<HTMLMetaElement>('meta[name="events-worker"]')?.content;
  if (worker && "SharedWorker" in window) {
    stream = new SharedStream(worker, session, hearer, () => {
      stream.close();
      stream = new Stream(hearer);
      stream.open();
    });
  }
  stream.open();
  // A page kept in the browser's cache must not hold a connection.
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && stream.open());
}

function receive(name: string, detail: unknown): void {
  if (name === "snapshot") begin(detail as Snapshot);
  if (name === "presence") showPresence(detail as Presence);
  if (name === "alert") count(detail as Alert);
  tell(name, detail);
  // A page about one case renews itself for that one only.
  if (name === "step") tell(`case-${(detail as Step).case_id}`, detail);
}

function tell(name: string, detail: unknown): void {
  document.body.dispatchEvent(new CustomEvent(`hallwatch:${name}`, { detail, bubbles: true }));
}

function begin(snapshot: Snapshot): void {
  snapshotCame();
  snapshot.presence.forEach(showPresence);
  raised.clear();
  for (const alert of snapshot.alerts) if (alert.state === "raised") raised.add(alert.id);
  showCount();
}

function showPresence(presence: Presence): void {
  for (const place of document.querySelectorAll<HTMLElement>(`[data-counter="${CSS.escape(presence.counter_id)}"]`)) {
    place.dataset["state"] = presence.staff;
    place.dataset["customer"] = presence.customer;
  }
}

function count(alert: Alert): void {
  if (alert.state === "raised") raised.add(alert.id);
  else raised.delete(alert.id);
  showCount();
}

function showCount(): void {
  for (const badge of document.querySelectorAll<HTMLElement>("[data-alert-count]")) {
    badge.textContent = badge.dataset["count"] = String(raised.size);
  }
}
