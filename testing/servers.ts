import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { temporaryFolder } from "./programs.js";

const MODULES = "/usr/lib/apache2/modules";

/**
 * The command of an Apache that stays in the foreground, with one worker, and answers `/` with a text. Its package has
 * no service. To be called at a file's top level.
 */
export function apache(port: number, text: string): [string, ...string[]] {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755); // the worker is not root
  writeFileSync(path.join(folder, "index"), text);
  const configuration = path.join(folder, "apache2.conf");
  writeFileSync(
    configuration,
    `
    ${["mpm_prefork", "authz_core", "dir"].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
    ServerName test
    ServerRoot ${folder}
    DefaultRuntimeDir ${folder}
    PidFile ${folder}/pid
    ErrorLog ${folder}/error
    User www-data
    Group www-data
    Listen 0.0.0.0:${port}
    Listen [::]:${port}
    StartServers 1
    MinSpareServers 1
    MaxSpareServers 1
    MaxRequestWorkers 1
    KeepAlive Off
    DocumentRoot ${folder}
    DirectoryIndex index
    `,
  );
  // It kills its whole process group, so it gets one of its own.
  return ["setsid", "apache2", "-D", "FOREGROUND", "-f", configuration];
}

/**
 * The path of Redis's server. The package of its tools has it under another name: it is one program that acts by its
 * name.
 */
export function redisServer(): string {
  const program = path.join(temporaryFolder(), "redis-server");
  symlinkSync("/usr/bin/redis-check-rdb", program);
  return program;
}
