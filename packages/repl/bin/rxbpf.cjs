#!/usr/bin/env node
// npm links a command only to a file that is there at install time, and dist is not yet.

const [, , command] = process.argv;
if (command === undefined) void import("../dist/prompt/main.js");
// What runs a user's code shares the packages with it. All else starts from the bundle, in a third of the time.
else if (command === "run") void import("../dist/main.js");
else require("../dist/bundle/main.cjs");
