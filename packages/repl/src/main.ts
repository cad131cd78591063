#!/usr/bin/env node
import { opensnoop } from "@rxbpf/probes";
const s = opensnoop({ duration: 5, fullPath: true, timestamp: true });
const cols = s.info.columns();
s.status.subscribe((x) => console.error(x));
console.log(cols.map((c) => c.head).join(""));
s.subscribe({ next: (e) => console.log(cols.map((c) => c.cell(e)).join("")), error: (e) => console.error(e), complete: () => console.log("done") });
