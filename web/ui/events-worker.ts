// A worker that all pages of one session share: they hear of changes over one connection, for a browser has few of them.
import { after, type Snapshot } from "./known.js";
import type { Heard } from "./shared.js";
import { Stream } from "./stream.js";

const pages = new Set<MessagePort>();
let known: Snapshot | undefined;

const stream = new Stream({
  hear(name, data) {
    known = after(known, name, JSON.parse(data));
    for (const page of pages) page.postMessage({ name, data } satisfies Heard);
  },
  lose() {
    known = undefined;
    for (const page of pages) page.postMessage("lost" satisfies Heard);
  },
});

addEventListener("connect", (event) => {
  const [page] = (event as MessageEvent).ports;
  if (!page) return;
  // All that a page ever says is that it goes.
  page.onmessage = () => leave(page);
  pages.add(page);
  if (pages.size === 1) stream.open();
  else if (known) page.postMessage({ name: "snapshot", data: JSON.stringify(known) } satisfies Heard);
});

function leave(page: MessagePort): void {
  page.close();
  pages.delete(page);
  if (pages.size === 0) stream.close();
}
