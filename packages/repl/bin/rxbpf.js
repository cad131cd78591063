#!/usr/bin/env node
// npm links a command only to a file that is there at install time, and dist is not yet.
import "../dist/main.js";
