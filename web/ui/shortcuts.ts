// The keys of the help dialog: ? help, / search, g and a letter to go somewhere, j and k through rows and tiles, 0 to 9
// the saved views of a list.

const PLACES: Record<string, string> = {
  b: "/",
  a: "/alerts",
  o: "/absences",
  c: "/cases",
  f: "/findings",
  s: "/span",
  v: "/overview",
};
const SECOND_KEY_MS = 1200;
const ROWS = "main tbody tr:has(a), main .tile, main [data-row]";
let goUntil = 0;

export function installShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
    if (act(event.key)) event.preventDefault();
  });
}

function act(key: string): boolean {
  const going = performance.now() < goUntil;
  goUntil = key === "g" && !going ? performance.now() + SECOND_KEY_MS : 0;
  if (going) return go(key);
  if (key === "?") return showHelp();
  if (key === "/") return focusOn(document.querySelector<HTMLElement>('main input[type="search"], main input[name="q"]'));
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  if (/^[0-9]$/.test(key)) return openView(Number(key));
  return false;
}

/** Only where the page itself links to: what a role may not open has no link. */
function go(key: string): boolean {
  const path = PLACES[key];
  const link = path && document.querySelector<HTMLAnchorElement>(`.nav-link[href="${path}"]`);
  if (link) link.click();
  return Boolean(link);
}

function showHelp(): boolean {
  const help = document.querySelector<HTMLDialogElement>("dialog#help");
  help?.showModal();
  return Boolean(help);
}

function step(by: number): boolean {
  const links = [...document.querySelectorAll(ROWS)].map((row) => row.querySelector<HTMLElement>("a[href]"));
  const at = links.findIndex((link) => link?.closest(ROWS)?.contains(document.activeElement));
  return focusOn(links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)] ?? null);
}

/** 1 to 9 open the saved views of a list, 0 all of it. */
function openView(number: number): boolean {
  const tabs = document.querySelectorAll<HTMLAnchorElement>("nav.tabs:has([data-view]) a");
  tabs[number]?.click();
  return number < tabs.length;
}

function focusOn(element: HTMLElement | null): boolean {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return Boolean(element);
}

function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return Boolean(element?.closest("input, textarea, select, [contenteditable], clip-player, span-player, zone-editor, dialog"));
}
