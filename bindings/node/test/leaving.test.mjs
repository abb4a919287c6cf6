import assert from "node:assert/strict";
import { spawn, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DaemonEmitter } from "agentreceipts";
import { folderFor, leavesNothingBehind, until } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const PROGRAM = fileURLToPath(new URL("programs/leaves.mjs", import.meta.url));

/** How a process may end, what its exit code is, and how many events it has lost by then. */
const ENDINGS = [
  ["end", 0, 3],
  ["exit", 0, 3],
  ["throw", 1, 3],
  ["close", 0, 3],
  ["waiting", 0, 4],
];

test("a process leaves its count to the next emitter of its session, however it ends", async (context) => {
  leavesNothingBehind(context);
  for (const [ending, code, lost] of ENDINGS) {
    for (const [kind, start] of [["program", spawned], ["forked child", fork]]) {
      await context.test(`a ${kind} that ends by \`${ending}\``, async (context) => {
        const socketPath = join(folderFor(context), "s");
        const sessionId = `left-${kind}-${ending}`;
        const child = start(PROGRAM, [socketPath, sessionId, ending], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
        assert.equal((await once(child, "exit"))[0], code);
        const receiver = await Receiver.start(context, socketPath);
        const emitter = new DaemonEmitter({ socketPath, sessionId });
        context.after(() => emitter.close());
        assert.equal(await emitter.emit({ channel: "sdk", tool: { name: "next" }, decision: "allowed" }), null);
        assert.equal(JSON.parse((await receiver.have(1))[0]).drop_count, lost);
      });
    }
  }
});

test("an emitter that is forgotten without being closed leaves its count too", async (context) => {
  leavesNothingBehind(context);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const socketPath = join(folderFor(context), "s");
  const options = { socketPath, sessionId: "forgotten" };
  const event = { channel: "sdk", tool: { name: "t" }, decision: "allowed" };
  await (async () => assert.equal((await new DaemonEmitter(options).emit(event)).code, "dial"))();
  const receiver = await Receiver.start(context, socketPath);
  await until(async () => {
    collect();
    const next = new DaemonEmitter(options);
    const before = receiver.frames.length;
    assert.equal(await next.emit(event), null);
    await next.close();
    return JSON.parse((await receiver.have(before + 1)).at(-1)).drop_count === 1;
  }, "the forgotten emitter's drop is told");
});

function spawned(program, given) {
  return spawn(process.execPath, [program, ...given], { stdio: "ignore" });
}
