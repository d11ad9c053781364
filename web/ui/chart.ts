// <time-chart label timezone>: draws the <table> inside it into the <div> beside that, and anew when its cells change.
// First column <time datetime>, then one line per column; columns of different <th data-unit> have an axis each.
// The legend has the values under the pointer, else the last: a finger does not hover.
// Times are written in the language of the page and the zone, on a clock of 24 hours.
// The table stays for screen readers and where scripts do not run.
import uPlot from "uplot";

const HEIGHT = 200;
const MIDNIGHT = "00:00";

class TimeChart extends HTMLElement {
  #chart: uPlot | null = null;
  #table: HTMLTableElement | null = null;
  #size = new ResizeObserver(() => this.#fit());
  #changes = new MutationObserver(() => this.#renew());

  connectedCallback(): void {
    this.#table = this.querySelector("table");
    this.#draw();
    this.#size.observe(this);
    if (this.#table) this.#changes.observe(this.#table, { subtree: true, childList: true, characterData: true, attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#draw);
  }

  disconnectedCallback(): void {
    this.#size.disconnect();
    this.#changes.disconnect();
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#draw);
    this.#chart?.destroy();
    this.#chart = null;
  }

  #draw = (): void => {
    const table = this.#table;
    const holder = this.querySelector<HTMLElement>(".chart-drawing");
    if (!table || !holder) return;
    this.#chart?.destroy();
    const colours = getComputedStyle(this);
    const colour = (name: string): string => colours.getPropertyValue(name).trim() || "#666";
    const lines = [colour("--accent"), colour("--warn-fill"), colour("--good-fill"), colour("--wait-fill")];
    const axis = { stroke: colour("--ink-faint"), grid: { stroke: colour("--line"), width: 1 } };
    const heads = [...table.querySelectorAll<HTMLElement>("thead th")];
    const names = heads.map((cell) => cell.textContent?.trim() ?? "");
    const units = heads.slice(1).map((cell) => cell.dataset["unit"] ?? "");
    const series = units.map((scale, at) => ({
      label: names[at + 1] ?? "",
      scale,
      stroke: lines[at % lines.length] ?? "#666",
      width: 2,
      value: (chart: uPlot, value: number | null) => value ?? chart.data[at + 1]?.at(-1) ?? "–",
    }));
    const axes = [...new Set(units)].map((unit, at) => ({
      ...axis,
      grid: { ...axis.grid, show: at === 0 },
      scale: unit,
      label: unit,
      side: at ? 1 : 3,
    }));
    const zone = this.getAttribute("timezone") ?? "UTC";
    const options: uPlot.Options = {
      width: Math.max(this.clientWidth, 100),
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      axes: [{ ...axis, values: (chart, times) => ticks(times, zone, isDaily(chart, zone)) }, ...axes],
      series: [{ label: names[0] ?? "", value: (chart, time) => moment(time ?? chart.data[0].at(-1), zone, isDaily(chart, zone)) }, ...series],
    };
    this.#chart = new uPlot(options, columns(table, names.length), holder);
  };

  #renew(): void {
    if (this.#table) this.#chart?.setData(columns(this.#table, this.#table.querySelectorAll("thead th").length));
  }

  #fit(): void {
    if (this.clientWidth > 0) this.#chart?.setSize({ width: this.clientWidth, height: HEIGHT });
  }
}

/** Whether each point is a day's first moment: then times of day tell nothing. */
function isDaily(chart: uPlot, zone: string): boolean {
  const clock = clockIn(zone);
  return [...chart.data[0]].every((time) => clock(time) === MIDNIGHT);
}

/** The date stands beneath the first time and beneath each midnight; alone where each point is a day. */
function ticks(times: number[], zone: string, daily: boolean): string[] {
  const clock = clockIn(zone);
  const date = format({ month: "numeric", day: "numeric", timeZone: zone });
  if (daily) return times.map((time) => (clock(time) === MIDNIGHT ? date(time) : ""));
  let before = "";
  return times.map((time) => {
    const day = date(time);
    const isNew = day !== before;
    before = day;
    return isNew ? `${clock(time)}\n${day}` : clock(time);
  });
}

/** A time in the legend; undefined while there is no row. */
function moment(time: number | undefined, zone: string, daily: boolean): string {
  if (time === undefined) return "–";
  const date = { month: "numeric", day: "numeric", timeZone: zone } as const;
  return format(daily ? date : { ...date, hour: "2-digit", minute: "2-digit", hourCycle: "h23" })(time);
}

function clockIn(zone: string): (seconds: number) => string {
  return format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
}

function format(options: Intl.DateTimeFormatOptions): (seconds: number) => string {
  const made = new Intl.DateTimeFormat(document.documentElement.lang || undefined, options);
  return (seconds) => made.format(new Date(seconds * 1000));
}

/** Seconds since 1970, then the numbers of each column; an empty cell leaves a hole in the line. */
function columns(table: HTMLTableElement, count: number): uPlot.AlignedData {
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.children]);
  const times = rows.map(([cell]) => Date.parse(cell?.querySelector("time")?.dateTime ?? "") / 1000);
  const values = Array.from({ length: count - 1 }, (_, at) => rows.map((cells) => number(cells[at + 1])));
  return [times, ...values];
}

function number(cell: Element | undefined): number | null {
  const text = (cell as HTMLElement | undefined)?.dataset["value"] ?? cell?.textContent?.trim() ?? "";
  return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

customElements.define("time-chart", TimeChart);
