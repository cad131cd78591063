import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A part of the page, as the bundler made it. */
function part(name: string): string {
  return readFileSync(new URL(`../dist/page/${name}`, import.meta.url), "utf8");
}

/**
 * A page around its data. It may run its own script and use its own style, and nothing else: it loads nothing, not even
 * an image, and a text of a recording that were taken for a script would not run.
 * @param data compressed as by zlib
 */
export function documentOf(data: Uint8Array): Buffer {
  const [script, style, licences] = [part("main.js"), part("style.css"), part("LICENSES.txt")];
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
  // Base64 has no character that could end an element, so nothing in a recording can.
  return Buffer.from(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>rxbpf report</title>
<style>${style}</style>
<main id="page"><p>This page needs JavaScript, which reads nothing but the page itself.</p></main>
<pre id="licences" hidden>${licences.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre>
<script type="application/octet-stream" id="data">${Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64")}</script>
<script>${script}</script>
</html>
`);
}

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
