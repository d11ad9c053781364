// Bundles the entry points of this folder into ../static with content hashes in their names, and writes the
// names into manifest.json. Run by hatch_build.py; by hand: npm run build.
import { build } from "esbuild";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const out = join(import.meta.dirname, "..", "static");
const code = ["main.ts", "events-worker.ts", "live.ts", "player.ts", "chart.ts", "chart.css", "zones.ts", "fresh.ts", "styles.css"];
const images = existsSync("images") ? readdirSync("images").map((name) => join("images", name)) : [];

for (const name of readdirSync(out)) {
  if (name !== ".gitkeep") rmSync(join(out, name), { recursive: true });
}

const result = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [...code.filter((name) => existsSync(name)), ...images],
  outdir: out,
  bundle: true,
  format: "esm",
  splitting: true,
  target: ["chrome109", "firefox115", "safari16.4"],
  minify: true,
  sourcemap: true,
  legalComments: "linked",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "copy", ".png": "copy", ".webp": "copy", ".woff2": "file", ".mp3": "copy" },
  metafile: true,
  logLevel: "warning",
});

// What is bundled keeps its licence.
const bundled = ["htmx.org", "uplot"].map((name) => {
  const at = join("node_modules", name);
  const { version } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(at, "LICENSE"), "utf8").trim()}\n`;
});
writeFileSync(join(out, "THIRD-PARTY.txt"), bundled.join(`\n${"-".repeat(72)}\n\n`));

const files = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  if (!output.entryPoint) continue;
  const name = basename(output.entryPoint).replace(/\.ts$/, ".js");
  files[name] = basename(path);
}
writeFileSync(join(out, "manifest.json"), JSON.stringify({ sources: process.env.SOURCES_DIGEST ?? "", files }, null, 1));
