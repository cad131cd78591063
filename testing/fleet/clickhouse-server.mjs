// ClickHouse's engine behind as much of its HTTP interface as the client uses: `node clickhouse-server.mjs PORT FOLDER`.
// The engine is the real one, in process; only this interface is ours. The engine has no connection to take the data of
// `input()` from, so that becomes a file.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const chdb = createRequire(import.meta.url)("@chdb/lib-linux-x64-gnu");
const [, , port, folder] = process.argv;
mkdirSync(folder, { recursive: true });
const connection = chdb.CreateConnection(path.join(folder, "data"));
const ask = (query) => chdb.QueryWithConnection(connection, query, "JSONEachRow");
const SETTINGS = ["insert_deduplication_token", "insert_deduplicate", "async_insert"];
const PASSWORD = process.env.CLICKHOUSE_TEST_PASSWORD ?? "";
let files = 0;

const server = createServer((request, response) => void serve(request, response));
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));

async function serve(request, response) {
  const { searchParams } = new URL(request.url, "http://localhost");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const [, given = ""] = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64")
    .toString()
    .split(/:(.*)/s);
  try {
    if (given !== PASSWORD) throw new Error("Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)");
    response.end(await answer(searchParams, body));
  } catch (error) {
    const [, code = "1002"] = /Code: (\d+)/.exec(error.message) ?? [];
    response.writeHead(500, { "x-clickhouse-exception-code": code }).end(error.message);
  }
}

async function answer(parameters, body) {
  const query = parameters.get("query");
  if (query === null) return ask(body.toString().replace(/\s+FORMAT JSONEachRow\s*$/, ""));
  const settings = SETTINGS.filter((name) => parameters.has(name)).map((name) => {
    return `${name}='${parameters.get(name).replace(/[\\']/g, "\\$&")}'`;
  });
  const set = settings.length > 0 ? ` SETTINGS ${settings.join(", ")}` : "";
  const input = / FROM input\(('(?:[^'\\]|\\.)*')\) FORMAT ArrowStream$/s.exec(query);
  const lines = / FORMAT JSONEachRow$/.exec(query);
  const file = path.resolve(folder, `data-${++files}`);
  writeFileSync(file, body);
  try {
    if (input) return ask(`${query.slice(0, input.index)} FROM file('${file}', ArrowStream, ${input[1]})${set}`);
    await chdb.InsertRawAsyncConnection(
      connection,
      `${query.slice(0, lines.index)}${set} FORMAT JSONEachRow `,
      body,
      false,
    );
    return "";
  } finally {
    rmSync(file);
  }
}
