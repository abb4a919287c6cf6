import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { DaemonEmitter } from "agentreceipts";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const PROGRAM = new URL("programs/worker.mjs", import.meta.url);
const WORKERS = 16;
const EVENTS = 20;

async function told(workerData) {
  const worker = new Worker(PROGRAM, { workerData });
  const [message] = await once(worker, "message");
  return { worker, message };
}

test("many workers at once, each with an emitter of one session: every event whole, at most once, and none unaccounted for", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const ends = await Promise.all(
    Array.from({ length: WORKERS }, async (_, mark) => {
      const { worker, message } = await told({ socketPath, sessionId: "shared", events: EVENTS, mark });
      await once(worker, "exit");
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
