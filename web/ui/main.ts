// On every page: htmx, what changes at the counters, keys.
import "htmx.org";
import { listen } from "./events.js";
import { keepOneEntryForEachAddress } from "./history.js";
import { closeOnEscape } from "./menu.js";
import { installShortcuts } from "./shortcuts.js";
import { keepName } from "./sign_in.js";
import { sayMissingStills } from "./still.js";
import { keepTally } from "./tally.js";

installShortcuts();
keepOneEntryForEachAddress();
// On a phone the tab of this page may lie outside the row, which alone is scrolled: where it lies below, the page stays at its top.
const tab = document.querySelector(".tabs [aria-current]");
const row = tab?.closest(".tabs");
if (tab && row) {
  const [at, box] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += at.left - box.left - (box.width - at.width) / 2;
}
// And today outside the box of the month.
document.querySelector("[data-in-sight]")?.scrollIntoView({ block: "nearest", inline: "end" });
sayMissingStills();
const signIn = document.querySelector<HTMLFormElement>('form[action="/sign-in"]');
if (signIn) keepName(signIn);
const menu = document.querySelector<HTMLDetailsElement>("details.rail-toggle");
if (menu) closeOnEscape(menu);
// A button that takes something away asks first.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset["confirm"];
  if (question && !window.confirm(question)) event.preventDefault();
});
// Without a session there is nobody to tell.
const session = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content;
if (session) {
  listen(session);
  keepTally();
}
