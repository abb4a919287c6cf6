// An emitter in Node, on nothing but what comes with it: argv is the socket, the session, the number of events.
// It sends frames of version 1 on one connection, then says on one line, as JSON, which process it was.
"use strict";

const fs = require("node:fs");
const net = require("node:net");

const [path, session, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];

function frame(index) {
  const body = Buffer.from(
    JSON.stringify({
      v: "1",
      ts_emit: new Date().toISOString(),
      session_id: session,
      channel: "sdk",
      tool: { name: `${session}-${index}` },
      input: { index, text: "größe \u{1f512}", half: 0.5 },
      decision: "allowed",
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

const connection = net.createConnection(path, () => {
  for (let index = 0; index < count; index += 1) {
    connection.write(frame(index));
  }
  connection.end();
});
connection.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
connection.on("close", (failed) => {
  if (!failed) {
    const exe = process.platform === "linux" ? fs.readlinkSync("/proc/self/exe") : null;
    console.log(JSON.stringify({ pid: process.pid, uid: process.getuid(), gid: process.getgid(), exe_path: exe }));
  }
});
// The daemon sends nothing to who does not ask, and closes when it has read the end.
connection.resume();
