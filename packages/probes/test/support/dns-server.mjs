// A DNS server on 127.0.0.1: dns-server.mjs ANSWERS, which is JSON, by the name that is asked for. Says when it serves.
import { createSocket } from "node:dgram";

import { decode, encode } from "dns-packet";

const answers = JSON.parse(process.argv[2]);
const socket = createSocket("udp4");
socket.on("message", (message, { port, address }) => {
  const { id, questions } = decode(message);
  const [{ name, type: asked }] = questions;
  const fitting = (answers[name] ?? []).filter(({ type }) => type === "CNAME" || type === asked);
  socket.send(encode({ type: "response", id, flags: 0x180, questions, answers: fitting }), port, address);
});
socket.bind(53, "127.0.0.1", () => process.stdout.write("serving\n"));
