import assert from "node:assert/strict";
import { createServer } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter, EmitRefusedError, EmitTransportError } from "agentreceipts";
import { Daemon, folderFor, until } from "./support/daemon.mjs";

const EVENT = { channel: "sdk", tool: { name: "read_file" }, decision: "allowed" };
const PATIENCE_MS = 60_000;

test("what was acknowledged is a receipt in a chain that verifies", async (context) => {
  const daemon = await Daemon.start(context);
  const emitter = new DaemonEmitter({ socketPath: daemon.socket, sessionId: "acknowledged" });
  context.after(() => emitter.close());
  const ack = await emitter.emitAcknowledged({ ...EVENT, input: '{"path":"a.txt"}', output: '"text"' }, PATIENCE_MS);
  assert.match(ack.receiptHash, /^sha256:[0-9a-f]{64}$/);
  const receipts = await daemon.receipts(ack.sequence);
  const receipt = receipts.find(({ id }) => id === ack.receiptId);
  assert.equal(receipt.credentialSubject.chain.sequence, ack.sequence);
  assert.equal(receipt.credentialSubject.chain.chain_id, ack.chainId);
  daemon.verify();
});

test("64 acknowledged events at once are 64 receipts in one chain without a gap", async (context) => {
  const daemon = await Daemon.start(context);
  const emitter = new DaemonEmitter({ socketPath: daemon.socket });
  context.after(() => emitter.close());
  const acks = await Promise.all(Array.from({ length: 64 }, () => emitter.emitAcknowledged(EVENT, PATIENCE_MS)));
  assert.deepEqual(acks.filter((ack) => ack instanceof Error), []);
  assert.equal(new Set(acks.map((ack) => ack.sequence)).size, 64);
  daemon.verify();
});

test("a refusal comes with the daemon's code and message", async (context) => {
  const socketPath = join(folderFor(context), "s");
  await daemonThatAnswers(context, socketPath, { v: "1", ok: false, error: { code: "queue_full", message: "try again" } });
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  const error = await emitter.emitAcknowledged(EVENT, PATIENCE_MS);
  assert.ok(error instanceof EmitRefusedError, String(error));
  assert.deepEqual([error.code, error.number, error.refusalCode, error.refusalMessage], ["refused", 300, "queue_full", "try again"]);
});

test("an answer that is none is a transport error of its own", async (context) => {
  const socketPath = join(folderFor(context), "s");
  await daemonThatAnswers(context, socketPath, { hello: "there" });
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  const error = await emitter.emitAcknowledged(EVENT, PATIENCE_MS);
  assert.ok(error instanceof EmitTransportError);
  assert.equal(error.code, "bad_reply");
});

test("while the daemon is silent the event loop turns, files are read, and plain events go out", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const silent = await daemonThatAnswers(context, socketPath, null);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  let waiting = true;
  // More than the pool has threads; all of them wait until the test ends the connection.
  const acks = Promise.all(Array.from({ length: 8 }, () => emitter.emitAcknowledged(EVENT, PATIENCE_MS))).finally(() => (waiting = false));
  await until(() => silent.frames > 0, "an event has arrived");
  let turns = 0;
  for (; turns < 100; turns++) await new Promise(setImmediate);
  await readFile(import.meta.filename);
  assert.equal(await emitter.emit(EVENT), null);
  assert.ok(waiting);
  silent.close();
  for (const error of await acks) assert.ok(error instanceof EmitTransportError, String(error));
});

test("who waits no longer has a transport error, and nothing counts as dropped", async (context) => {
  const socketPath = join(folderFor(context), "s");
  await daemonThatAnswers(context, socketPath, null);
  const emitter = new DaemonEmitter({ socketPath, bestEffort: true });
  context.after(() => emitter.close());
  const error = await emitter.emitAcknowledged(EVENT, 2_000);
  assert.ok(error instanceof EmitTransportError);
  assert.deepEqual([error.code, emitter.dropped], ["no_reply", 0]);
});

test("an event that waited its patience away for its turn is given up and counted", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const silent = await daemonThatAnswers(context, socketPath, null);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  const long = [emitter.emitAcknowledged(EVENT, PATIENCE_MS), emitter.emitAcknowledged(EVENT, PATIENCE_MS)];
  const late = emitter.emitAcknowledged(EVENT, 0);
  await until(() => silent.frames >= 2, "both others have arrived");
  silent.close();
  assert.ok((await late) instanceof EmitTransportError);
  for (const ack of await Promise.all(long)) assert.ok(ack instanceof EmitTransportError);
  assert.ok(emitter.dropped >= 1);
});

/** Answers every frame by one object, or never. */
async function daemonThatAnswers(context, socketPath, answer) {
  const connections = new Set();
  const seen = { frames: 0, close: () => connections.forEach((connection) => connection.destroy()) };
  const body = Buffer.from(JSON.stringify(answer));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  const server = createServer((connection) => {
    connections.add(connection);
    let held = Buffer.alloc(0);
    connection.on("error", () => {});
    connection.on("data", (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        held = held.subarray(4 + held.readUInt32BE(0));
        seen.frames++;
        if (answer !== null) connection.write(Buffer.concat([header, body]));
      }
    });
  });
  await new Promise((resolve) => server.listen(socketPath, resolve));
  context.after(() => {
    seen.close();
    server.close();
  });
  return seen;
}
