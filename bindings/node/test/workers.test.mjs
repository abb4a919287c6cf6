import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { DaemonEmitter } from "agentreceipts";
import { folderFor, leavesNothingBehind } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const PROGRAM = new URL("programs/worker.mjs", import.meta.url);
const WORKERS = 16;
const EVENTS = 20;

async function told(workerData) {
  const worker = new Worker(PROGRAM, { workerData });
  // Listened for from the start: a worker that is through may say both in one breath.
  const exit = once(worker, "exit");
  const [message] = await once(worker, "message");
  return { worker, exit, message };
}

test("many workers at once, each with an emitter of one session: every event whole, at most once, and none unaccounted for", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const ends = await Promise.all(
    Array.from({ length: WORKERS }, async (_, mark) => {
      const { exit, message } = await told({ socketPath, sessionId: "shared", events: EVENTS, mark });
      await exit;
      return message;
    }),
  );
  const sent = ends.flatMap(({ outcomes }, mark) => outcomes.flatMap((outcome, n) => (outcome === "sent" ? [`${mark}-${n}`] : [])));
  const frames = (await receiver.have(sent.length)).map((frame) => JSON.parse(frame));
  assert.deepEqual(frames.map((frame) => frame.correlation_id).sort(), sent.sort());
  assert.ok(frames.every((frame) => frame.session_id === "shared"));
  for (const { outcomes, bad } of ends) assert.deepEqual([outcomes.length, bad], [EVENTS, "argument"]);
});

test("a worker that is terminated takes nobody's emitter with it", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  for (let n = 0; n < 3; n++) {
    const { worker } = await told({ socketPath, events: 1, mark: n, stay: true });
    await worker.terminate();
  }
  assert.equal(await emitter.emit({ channel: "sdk", tool: { name: "main" }, decision: "allowed" }), null);
  assert.equal(JSON.parse((await receiver.have(4))[3]).tool.name, "main");
});

test("what a worker could not tell is told by the next emitter of its session, however the worker ended", async (context) => {
  leavesNothingBehind(context);
  for (const stay of [false, true]) {
    const socketPath = join(folderFor(context), "s");
    const sessionId = `left-by-a-worker-${process.pid}-${stay}`;
    const { worker, exit, message } = await told({ socketPath, sessionId, events: 4, mark: 0, stay });
    assert.deepEqual(message.outcomes, ["dial", "dial", "dial", "dial"]);
    assert.equal(message.dropped, 4);
    if (stay) await worker.terminate();
    else await exit;
    const receiver = await Receiver.start(context, socketPath);
    const emitter = new DaemonEmitter({ socketPath, sessionId });
    context.after(() => emitter.close());
    assert.equal(await emitter.emit({ channel: "sdk", tool: { name: "next" }, decision: "allowed" }), null);
    assert.equal(JSON.parse((await receiver.have(1))[0]).drop_count, 4, `terminated: ${stay}`);
  }
});
