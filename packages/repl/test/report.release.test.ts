import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { Browser } from "../../../testing/browser.js";
import { queryByDuckDb } from "../../../testing/duckdb.js";
import { type Outcome, run, temporaryFolder } from "../../../testing/programs.js";
import { apache } from "../../../testing/servers.js";
import { commandLine, rxbpf } from "./cli.js";

// A page of a real recording, of a build and of a web server under load, in a real browser.

/** Where pictures of the page are kept, to be looked at. */
const PICTURES = fileURLToPath(new URL("../../../testing/pictures/", import.meta.url));
const EVENTS = ["opensnoop", "execsnoop", "exitsnoop", "tcpaccept", "tcplife", "gethostlatency"];
const TABLES = ["runqlat", "profile"];
const REQUESTS = 40;

/** Names that would run, load or hide something if they were ever taken for markup. */
const HOSTILE = [
  "<script>globalThis.hacked=1</script>",
  "<img src=x onerror=globalThis.hacked=2>",
  '"><svg onload=globalThis.hacked=3>',
  "</script><script>globalThis.hacked=4</script>",
  "${globalThis.hacked=5}{{constructor.constructor('globalThis.hacked=5')()}}",
  "javascript:globalThis.hacked=6",
  "</style><style>body{display:none}</style>",
  "<iframe srcdoc='<script>parent.hacked=8</script>'>",
  "<!--<base href=http://example.invalid/>",
  "&lt;script&gt;\u202egnp.\u2028\x1b[2J",
];

const folder = temporaryFolder();
const recording = path.join(folder, "recording");
const page = path.join(folder, "page.html");
const port = 20_000 + (process.pid % 10_000);
const server = apache(port, "served");
let made: Outcome;
let browser: Browser;
/** What the page did besides showing itself: errors, dialogs, and requests for anything else. */
const faults: string[] = [];

beforeAll(async () => {
  made = await run("timeout", [
    "60",
    ...commandLine("record", ...EVENTS, ...TABLES, "-o", `${recording}/`, "--report", page, "--", "bash", work()),
  ]);
  for (const probe of EVENTS)
    await rxbpf("export", `${recording}/${probe}.arrow`, "--parquet", "-o", `${folder}/${probe}.parquet`);
  browser = await Browser.start();
  browser.onEvent((method, parameters) => {
    const { request } = parameters as { request?: { url: string } };
    const isOther = method === "Network.requestWillBeSent" && !request?.url.startsWith(`file://${page}`);
    if (isOther || /exceptionThrown|consoleAPICalled|entryAdded|DialogOpening|windowOpen/.test(method))
      faults.push(`${method} ${JSON.stringify(parameters)}`);
  });
}, 120_000);
afterAll(() => browser?.close());

/** Writes a script that builds a program, loads a web server, and uses the hostile names. Returns its path. */
function work(): string {
  const place = path.join(folder, "work");
  mkdirSync(place);
  chmodSync(place, 0o755);
  const parts = [0, 1, 2, 3, 4, 5].map((i) => `part${i}`);
  for (const part of parts)
    writeFileSync(
      `${place}/${part}.c`,
      `#include <stdio.h>\n#include <stdlib.h>\nint ${part}(void) { return puts("${part}"); }\n`,
    );
  writeFileSync(`${place}/main.c`, "int part0(void);\nint main(void) { return part0() < 0; }\n");
  const objects = [...parts, "main"].map((part) => `${part}.o`).join(" ");
  writeFileSync(`${place}/Makefile`, `app: ${objects}\n\tcc -o $@ $^\n%.o: %.c\n\tcc -O1 -c $< -o $@\n`);
  writeFileSync(`${place}/names`, HOSTILE.join("\0"));
  writeFileSync(
    `${place}/all.sh`,
    `cd ${place}
    ${server.map((word) => `'${word}'`).join(" ")} &
    make -j2
    xargs -0 -n1 cat -- < names
    cp /bin/true '<b onload=x>'; './<b onload=x>'
    until curl -s -o /dev/null http://127.0.0.1:${port}/; do sleep 0.05; done
    for i in $(seq ${REQUESTS}); do curl -s -o /dev/null http://127.0.0.1:${port}/; done
    curl -s -o /dev/null http://localhost:${port}/
    kill $(cat ${server.at(-1)!.replace("apache2.conf", "pid")}); wait`,
  );
  return `${place}/all.sh`;
}

beforeEach(async () => {
  faults.length = 0;
  await browser.open(page);
  await browser.until("document.querySelector('.bars')");
});

/** The numbers at the top of the page, by their name. */
const totals = (): Promise<Record<string, string>> =>
  browser.value(
    "Object.fromEntries([...document.querySelectorAll('[data-total]')].map((one) => [one.dataset.total, one.lastChild.textContent]))",
  );

/** A list of the page: its names and what stands after them, with what a click for more adds. */
function list(probe: string, title: string): Promise<Record<string, string>> {
  const card = `document.querySelector('[data-series=${probe}] [data-list="${title}"]')`;
  return browser.value(`(() => {
    for (let more; (more = [...${card}.querySelectorAll('li > .plain')].at(-1)); ) more.click();
    const texts = (name) => [...${card}.querySelectorAll(name)].map((one) => one.textContent);
    const values = texts('.value');
    return Object.fromEntries(texts('.name').map((name, i) => [name, values[i]]));
  })()`);
}

const button = (probe: string, title: string, name: string): string =>
  `[...document.querySelectorAll('[data-series=${probe}] [data-list="${title}"] button')].find((one) => one.querySelector('.name')?.textContent === ${JSON.stringify(name)})`;

/** Counts as DuckDB gives them, as the page writes them. */
async function counted(sql: string): Promise<Record<string, string>> {
  const { rows } = await queryByDuckDb(sql, { folder });
  return Object.fromEntries(rows.map(({ name, n }) => [String(name), number(Number(n))]));
}

const number = (value: number): string => value.toLocaleString("en");

interface Info {
  readonly probe: string;
  readonly events: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly host: string;
  readonly kernel: string;
}

/** What `rxbpf info` says of the recordings. */
async function info(): Promise<readonly Info[]> {
  const { stdout } = await rxbpf("info", recording, "--json");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Info);
}

test("record makes the page at the end, says so, and takes the command's status", () => {
  expect(made.status, made.stderr).toBe(0);
  expect(made.stderr).toMatch(
    new RegExp(`rxbpf: wrote ${page} \\([\\d.]+ kB\\): [\\d,]+ events of \\w+ \\([\\d,]+ lost\\), `),
  );
  expect(statSync(page).mode & 0o777).toBe(0o600);
});

describe("numbers", () => {
  test("are those of rxbpf info, which are all in the recording", async () => {
    const shown = await totals();
    const all = await info();
    expect(all.map(({ probe }) => probe).sort()).toEqual([...EVENTS, ...TABLES].sort());
    for (const { probe, events } of all) expect(shown, probe).toMatchObject({ [probe]: number(events) });
    expect(shown.lost).toBe(number(all.flatMap(({ lost }) => Object.values(lost)).reduce((sum, one) => sum + one, 0)));
    const [{ host, kernel }] = all as [Info];
    const facts = await browser.value<string>("document.querySelector('#facts').innerText");
    expect(facts).toContain(host);
    expect(facts).toContain(kernel);
    expect(facts).toContain(JSON.stringify(["bash", `${folder}/work/all.sh`]));
  });

  test("by command, error, address and port, and sums of bytes, are those of DuckDB", async () => {
    const by = (name: string, what: string, from: string, where = "true"): string =>
      `SELECT ${name} AS name, ${what} AS n FROM '${from}.parquet' WHERE ${where} GROUP BY ALL`;
    expect(await list("opensnoop", "command")).toEqual(await counted(by("comm", "count(*)", "opensnoop")));
    expect(await list("execsnoop", "command")).toEqual(await counted(by("comm", "count(*)", "execsnoop")));
    expect(await list("opensnoop", "failures")).toMatchObject({
      ENOENT: (await counted("SELECT 'n' AS name, count(*) AS n FROM 'opensnoop.parquet' WHERE ret = -2")).n,
    });
    const clients = await list("tcpaccept", "remote address");
    expect(clients).toEqual(await counted(by("remoteAddress", "count(*)", "tcpaccept")));
    expect(Number(clients["127.0.0.1"])).toBeGreaterThanOrEqual(REQUESTS);
    expect(await list("tcplife", "command")).toEqual(await counted(by("comm", "count(*)", "tcplife")));
    await browser.value(`(() => {
      const select = document.querySelector('[data-series=tcplife] .measure select');
      select.value = [...select.options].find((one) => one.textContent === 'receivedBytes').value;
      select.dispatchEvent(new Event('change'));
    })()`);
    const bytes = await counted(by("comm", "sum(receivedBytes)", "tcplife"));
    expect(Object.keys(await list("tcplife", "command")).sort()).toEqual(Object.keys(bytes).sort());
    expect((await list("tcplife", "command")).curl).toBe(
      `${Number((Number(bytes.curl!.replaceAll(",", "")) / 1000).toPrecision(3))}kB`,
    );
  });
});

test("the table of events sorts by a field", async () => {
  await browser.value(`(() => {
    const select = document.querySelector('#events select');
    select.value = [...select.options].find((one) => one.textContent === 'opensnoop').value;
    select.dispatchEvent(new Event('change'));
  })()`);
  const heading =
    "[...document.querySelectorAll('#events th button')].find((one) => one.textContent.startsWith('path'))";
  const first = `document.querySelector('#events tbody tr').children[[...document.querySelectorAll('#events th')].findIndex((one) => one.textContent.startsWith('path'))].textContent`;
  const { rows } = await queryByDuckDb("SELECT min(path) AS least, max(path) AS most FROM 'opensnoop.parquet'", {
    folder,
  });
  await browser.click(heading);
  expect(await browser.value(first)).toBe(rows[0]!.least);
  await browser.click(heading);
  expect(await browser.value(first)).toBe(rows[0]!.most);
});

describe("a selection", () => {
  test("of a command, by a click, leaves its events in all views; another click ends it", async () => {
    const before = await totals();
    await browser.click(button("opensnoop", "command", "cc1"));
    const where = "WHERE comm = 'cc1'";
    const n = async (from: string): Promise<string | undefined> =>
      (await counted(`SELECT 'n' AS name, count(*) AS n FROM '${from}.parquet' ${where}`)).n;
    expect(await totals()).toMatchObject({
      opensnoop: await n("opensnoop"),
      execsnoop: await n("execsnoop"),
      tcplife: "0",
    });
    expect(await list("opensnoop", "command")).toEqual({ cc1: await n("opensnoop") });
    const folders = await list("opensnoop", "folder of path");
    await browser.click(button("opensnoop", "folder of path", "/usr/include"));
    expect(await totals()).toMatchObject({ opensnoop: folders["/usr/include"] });
    await browser.click(button("opensnoop", "folder of path", "/usr/include"));
    const lanes = await browser.value<string[]>(
      "[...document.querySelectorAll('.lane-name b')].map((one) => one.textContent)",
    );
    expect(lanes).toHaveLength(7);
    expect(lanes.every((lane) => lane.startsWith("cc1 "))).toBe(true);
    const cells = await browser.value<string[]>(
      "[...document.querySelectorAll('#events td:nth-child(3)')].map((one) => one.textContent)",
    );
    expect(new Set(cells)).toEqual(new Set(["cc1"]));

    // A histogram of all threads has no commands.
    expect(await browser.value("document.querySelector('[data-series=runqlat] .says').textContent")).toContain(
      "Not narrowed",
    );
    await browser.click(button("opensnoop", "command", "cc1"));
    expect(await totals()).toEqual(before);
  });

  test("of a process, by a click on its lane, leaves it alone", async () => {
    const lane = "[...document.querySelectorAll('.lanes button')].find((one) => one.textContent.startsWith('make '))";
    const pid = Number(await browser.value(`${lane}.querySelector('b').textContent.split(' ')[1]`));
    await browser.click(lane);
    const { rows } = await queryByDuckDb(
      `SELECT count(*) AS n FROM 'opensnoop.parquet' WHERE execId IN (SELECT execId FROM 'execsnoop.parquet' WHERE pid = ${pid} AND comm = 'make')`,
      { folder },
    );
    expect(await totals()).toMatchObject({ opensnoop: number(Number(rows[0]!.n)), programs: "1" });
  });

  test("of a span, typed, leaves what is within; dragging chooses one too", async () => {
    const all = EVENTS.map((probe) => `SELECT time FROM '${probe}.parquet'`).join(" UNION ALL ");
    const { rows } = await queryByDuckDb(
      `SELECT epoch_us(time) - (SELECT min(epoch_us(time)) FROM (${all})) AS micros FROM 'opensnoop.parquet' ORDER BY micros`,
      { folder },
    );
    const times = rows.map(({ micros }) => Number(micros));
    // Between two events that are some microseconds apart, as times are rounded to these.
    const gap = (share: number): number => {
      let i = Math.floor(share * times.length);
      while (times[i + 1]! - times[i]! < 20) i++;
      return i;
    };
    const [from, to] = [gap(0.3), gap(0.6)];
    const middle = (i: number): string => ((times[i]! + times[i + 1]!) / 2e6).toFixed(6);
    await browser.value(`(() => {
      const [from, to] = document.querySelectorAll('.seconds');
      [from.value, to.value] = ['${middle(from)}', '${middle(to)}'];
      from.form.requestSubmit();
    })()`);
    await browser.until("document.querySelector('#shown').textContent.includes(' of ')");
    expect(await totals()).toMatchObject({ opensnoop: number(to - from) });

    const plot = await browser.value<{ x: number; y: number; width: number }>(
      "(() => { const { x, y, width } = document.querySelector('.u-over').getBoundingClientRect(); return { x, y, width }; })()",
    );
    await browser.drag([plot.x + plot.width / 4, plot.y + 20], [plot.x + plot.width / 2, plot.y + 20]);
    const chosen = await browser.value<number[]>(
      "[...document.querySelectorAll('.seconds')].map((one) => Number(one.value))",
    );
    expect(chosen[1]! / chosen[0]!).toBeCloseTo(2, 1);
    await browser.drag([plot.x + 50, plot.y + 20], [plot.x + 50, plot.y + 20]);
    expect(await browser.value("document.querySelector('#shown').textContent")).toMatch(/^all [\d,]+ events$/);
  });

  test("works with keys alone, and keeps the focus", async () => {
    await list("opensnoop", "command");
    await browser.value(`${button("opensnoop", "command", "make")}.focus()`);
    await browser.key("Enter", "\r");
    expect(await browser.value(`${button("opensnoop", "command", "make")}.getAttribute('aria-pressed')`)).toBe("true");
    expect(await browser.value("document.activeElement.textContent")).toMatch(/^make/);
    const frame = "document.querySelector('[data-series=opensnoop] .flames [tabindex=\"0\"]')";
    await browser.value(`${frame}.focus()`);
    for (const key of ["ArrowUp", "Enter"]) await browser.key(key);
    expect(await browser.value("document.activeElement.getAttribute('aria-label')")).toMatch(/^\/: [\d,]+, \d+ %$/);
  });
});

test("hostile names are shown as texts: nothing runs, nothing is loaded, no element is made", async () => {
  await browser.value(
    "(document.querySelector('#events select').value = '0', document.querySelector('#events select').dispatchEvent(new Event('change')))",
  );
  await browser.value("for (const details of document.querySelectorAll('details')) details.open = true");
  await browser.value("new Promise((resolve) => setTimeout(resolve, 300))");
  const paths = Object.keys(await list("opensnoop", "command"));
  expect(paths).toContain("<b onload=x>");
  for (const name of HOSTILE.slice(0, -1)) {
    await browser.value(`(() => {
      const find = document.querySelector('#events input[type=search]');
      find.value = ${JSON.stringify(name)};
      find.dispatchEvent(new Event('input'));
    })()`);
    expect(await browser.value("document.querySelector('#events tbody').textContent"), name).toContain(name);
  }
  // What would reverse or break a line is escaped, as in a terminal.
  expect(
    await browser.value(
      "document.body.textContent.includes('\\u202e') || document.body.textContent.includes('\\u2028')",
    ),
  ).toBe(false);
  expect(await browser.value("globalThis.hacked ?? null")).toBeNull();
  expect(
    await browser.value(
      "document.querySelectorAll('img, iframe, base, link, a, b[onload], object, embed, script[src], style ~ style').length",
    ),
  ).toBe(0);
  expect(await browser.value("document.scripts.length")).toBe(2);
  expect(faults).toEqual([]);
});

test("the page has a text for each picture, shows dark and light, and prints", async () => {
  const pictures = "document.querySelectorAll('figure')";
  expect(await browser.value(`${pictures}.length`)).toBeGreaterThanOrEqual(5);
  expect(
    await browser.value(
      `[...${pictures}].every((one) => one.querySelector('figcaption').textContent.length > 20 && one.querySelector('[aria-label]'))`,
    ),
  ).toBe(true);
  const background = "getComputedStyle(document.body).backgroundColor";
  expect(await browser.value(background)).toBe("rgb(251, 251, 250)");
  mkdirSync(PICTURES, { recursive: true });
  await browser.screenshot(`${PICTURES}report-light.png`);
  await browser.open(page, { dark: true });
  await browser.until("document.querySelector('.bars')");
  expect(await browser.value(background)).toBe("rgb(20, 23, 26)");
  await browser.screenshot(`${PICTURES}report-dark.png`);
  await browser.click("document.querySelector('.theme')");
  expect(await browser.value(background)).toBe("rgb(251, 251, 250)");
  const pdf = await browser.print();
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  expect(pdf.length).toBeGreaterThan(50_000);
  expect(faults).toEqual([]);
});

test("docs/reports.md works as it stands there", async () => {
  const repository = fileURLToPath(new URL("../../..", import.meta.url));
  const text = readFileSync(path.join(repository, "docs/reports.md"), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, block = ""]) => ({
    language,
    block,
  }));
  expect(blocks.map(({ language }) => language)).toEqual(["sh", "sh", "ts"]);
  const place = path.join(folder, "followed");
  mkdirSync(place);
  symlinkSync(path.join(repository, "node_modules"), path.join(place, "node_modules"));
  writeFileSync(
    path.join(place, "Makefile"),
    "all:\n\techo 'int main(void) { return 0; }' > made.c && cc -o made made.c\n",
  );
  writeFileSync(path.join(place, "page.ts"), blocks[2]!.block);
  const [first, second] = blocks.map(({ block }) => block);
  const commands = [first!, second!, "npx rxbpf run --check page.ts"];
  const { status, stdout, stderr } = await run("bash", ["-ec", `cd ${place}\n${commands.join("\n")}`]);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("events of opensnoop, 0 lost");
  const sizes = ["build.html", "again.html", "script.html"].map((name) => statSync(path.join(place, name)).size);
  expect(Math.min(...sizes)).toBeGreaterThan(150_000);
});
