// Emits from a worker thread, and ends as it is told to.
import { parentPort, workerData } from "node:worker_threads";
import { DaemonEmitter } from "agentreceipts";

const { socketPath, sessionId, events, mark, stay } = workerData;
const emitter = new DaemonEmitter({ socketPath, sessionId });
const outcomes = [];
for (let n = 0; n < events; n++) {
  const event = { channel: "sdk", tool: { name: "from_a_worker" }, decision: "allowed", correlationId: `${mark}-${n}` };
  outcomes.push((await emitter.emit(event))?.code ?? "sent");
}
const bad = await emitter.emit({ input: 1n });
parentPort.postMessage({ outcomes, bad: bad.code, dropped: emitter.dropped, sessionId: emitter.sessionId });
// Without this the worker comes to its end by itself, its emitter open.
if (stay) setInterval(() => {}, 1000);
