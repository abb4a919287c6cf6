import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter } from "agentreceipts";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const require = createRequire(import.meta.url);
const { library } = require(join(dirname(require.resolve("agentreceipts/package.json")), "dist/native.js"));
const EVENT = { channel: "sdk", tool: { name: "read_file" }, decision: "allowed" };

test("emitters that are closed at once hang up one after another", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitters = Array.from({ length: 16 }, () => new DaemonEmitter({ socketPath }));
  for (const emitter of emitters) assert.equal(await emitter.emit(EVENT), null);
  // How many threads of the pool are taken is seen where they are taken: at the library.
  const { close } = library;
  context.after(() => (library.close = close));
  let [running, most, ended] = [0, 0, 0];
  library.close = async (ticket) => {
    most = Math.max(most, ++running);
    try {
      return await close(ticket);
    } finally {
      running--;
      ended++;
    }
  };
  const closing = emitters.map((emitter) => emitter.close());
  // Those whose turn has not come are closed for their users all the same.
  for (const emitter of emitters) assert.equal((await emitter.emit(EVENT)).code, "closed");
  await Promise.all(closing);
  assert.deepEqual([most, ended], [1, emitters.length]);
  assert.equal((await receiver.have(emitters.length)).length, emitters.length);
});
