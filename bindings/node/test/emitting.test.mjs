import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter, EmitClosedError, EmitTransportError, MAX_FRAME_SIZE, SUPPORTED_FRAME_VERSION } from "agentreceipts";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const EVENT = { channel: "sdk", tool: { name: "read_file" }, decision: "allowed" };
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function start(context, options = {}) {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath, ...options });
  context.after(() => emitter.close());
  return { emitter, receiver };
}

/** A long frame may take longer than an emit waits, on a loaded machine. */
async function sent(emitter, event) {
  for (let tries = 0; tries < 100; tries++) {
    const error = await emitter.emit(event);
    if (error === null) return;
    assert.ok(error instanceof EmitTransportError, String(error));
  }
  assert.fail("the frame was never sent");
}

test("one event is one frame with the members that it needs", async (context) => {
  const { emitter, receiver } = await start(context, { sessionId: "s-1" });
  assert.equal(await emitter.emit(EVENT), null);
  const [frame] = await receiver.have(1);
  const { ts_emit, ...rest } = JSON.parse(frame);
  assert.match(ts_emit, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.deepEqual(rest, { v: SUPPORTED_FRAME_VERSION, session_id: "s-1", channel: "sdk", tool: { name: "read_file" }, decision: "allowed" });
});

test("every member arrives under its own name", async (context) => {
  const { emitter, receiver } = await start(context, { identity: { issuerName: "in", issuerModel: "im", operatorId: "oi", operatorName: "on" } });
  const texts = {
    actionType: "at", error: "er", idempotencyKey: "ik", correlationId: "ci", agentId: "ai", agentType: "aty", model: "mo",
    captureMethod: "cm", issuerModel: "of the event",
  };
  const event = {
    ...EVENT, ...texts, tool: { server: "se", name: "na" }, input: "[1]", output: "2", usage: "{}", decision: "denied",
    target: { system: "sy", resource: "re" },
  };
  assert.equal(await emitter.emit(event), null);
  const { v, ts_emit, session_id, ...rest } = JSON.parse((await receiver.have(1))[0]);
  assert.deepEqual(rest, {
    channel: "sdk", tool: { server: "se", name: "na" }, action_type: "at", input: [1], output: 2, error: "er", decision: "denied",
    issuer_name: "in", issuer_model: "of the event", operator_id: "oi", operator_name: "on", idempotency_key: "ik", correlation_id: "ci",
    agent_id: "ai", agent_type: "aty", model: "mo", usage: {}, capture_method: "cm", target_system: "sy", target_resource: "re",
  });
});

test("payloads go out byte for byte, short and long", async (context) => {
  const { emitter, receiver } = await start(context);
  const odd = '{ "b":1.50 ,"b":"\\ud800", "日本":"😀\\u0000"}';
  for (const filling of [0, 8_000, 8_160, 8_192, 8_200, 300_000]) {
    const output = JSON.stringify("é".repeat(filling));
    const before = receiver.frames.length;
    await sent(emitter, { ...EVENT, input: odd, output });
    const frames = await receiver.have(before + 1);
    assert.ok(frames.at(-1).includes(`"input":${odd},"output":${output},`), `${filling}`);
  }
});

test("a session is the one that was given, or a random one that never changes", async (context) => {
  const { emitter, receiver } = await start(context);
  const other = new DaemonEmitter({ socketPath: emitter.socketPath, sessionId: "" });
  assert.match(emitter.sessionId, UUID_V4);
  assert.match(other.sessionId, UUID_V4);
  assert.notEqual(emitter.sessionId, other.sessionId);
  await emitter.emit(EVENT);
  await emitter.emit(EVENT);
  const sessions = (await receiver.have(2)).map((frame) => JSON.parse(frame).session_id);
  assert.deepEqual(sessions, [emitter.sessionId, emitter.sessionId]);
});

test("the events of one moment go out whole and in their order", async (context) => {
  const { emitter, receiver } = await start(context);
  const marks = Array.from({ length: 640 }, (_, n) => `mark-${n}`);
  const outcomes = await Promise.all(marks.map((correlationId) => emitter.emit({ ...EVENT, correlationId })));
  const sent = marks.filter((_, n) => outcomes[n] === null);
  assert.ok(outcomes.every((error) => error === null || error instanceof EmitTransportError));
  const frames = await receiver.have(sent.length);
  assert.deepEqual(frames.map((frame) => JSON.parse(frame).correlation_id), sent);
});

test("nobody there is a transport error that is counted, logged, and told with the next success", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const logged = [];
  const emitter = new DaemonEmitter({ socketPath, debugLog: (...line) => logged.push(line) });
  context.after(() => emitter.close());
  const error = await emitter.emit(EVENT);
  assert.ok(error instanceof EmitTransportError);
  assert.deepEqual([error.code, error.number, error.name], ["dial", 200, "EmitTransportError"]);
  assert.equal(emitter.dropped, 1);
  assert.deepEqual(logged, [["agent-receipts emitter dropped event", { stage: "dial", socket: socketPath, err: error.message }]]);
  const receiver = await Receiver.start(context, socketPath);
  assert.equal(await emitter.emit(EVENT), null);
  assert.equal(JSON.parse((await receiver.have(1))[0]).drop_count, 1);
  assert.equal(emitter.dropped, 0);
});

test("best effort keeps transport errors back, counts them, and nothing else", async (context) => {
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s"), bestEffort: true });
  context.after(() => emitter.close());
  assert.equal(await emitter.emit(EVENT), null);
  assert.equal(emitter.dropped, 1);
  assert.equal((await emitter.emit({ ...EVENT, input: "no JSON" }))?.code, "payload");
  assert.equal(emitter.dropped, 1);
});

test("a log that throws or rejects fails nobody", async (context) => {
  const unhandled = [];
  const keep = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", keep);
  context.after(() => process.off("unhandledRejection", keep));
  const fail = () => { throw new Error("no disk"); };
  for (const debugLog of [fail, async () => fail(), () => ({ then: fail }), () => ({ get then() { return fail(); } })]) {
    const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s"), debugLog });
    context.after(() => emitter.close());
    assert.ok((await emitter.emit(EVENT)) instanceof EmitTransportError);
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

test("after closing, events are refused by an error of their own, and closing again is well", async (context) => {
  const { emitter, receiver } = await start(context);
  await emitter.close();
  await emitter.close();
  for (const error of [await emitter.emit(EVENT), await emitter.emitAcknowledged(EVENT)]) {
    assert.ok(error instanceof EmitClosedError);
    assert.deepEqual([error.code, error.number], ["closed", 100]);
  }
  assert.match(emitter.sessionId, UUID_V4);
  assert.equal(typeof emitter.dropped, "number");
  assert.deepEqual(receiver.frames, []);
});

test("an emitter closes at the end of its block", async (context) => {
  const { emitter } = await start(context);
  await emitter[Symbol.asyncDispose]();
  assert.ok((await emitter.emit(EVENT)) instanceof EmitClosedError);
});

test("a frame of exactly the greatest size goes, and one byte more does not", async (context) => {
  const { emitter, receiver } = await start(context);
  await emitter.emit({ ...EVENT, input: '""' });
  const room = MAX_FRAME_SIZE - Buffer.byteLength((await receiver.have(1))[0]);
  const sized = (length) => ({ ...EVENT, input: JSON.stringify("x".repeat(length)) });
  const error = await emitter.emit(sized(room + 1));
  assert.deepEqual([error?.code, error?.number, emitter.dropped], ["too_large", 27, 0]);
  await sent(emitter, sized(room));
  assert.equal(Buffer.byteLength((await receiver.have(2)).at(-1)), MAX_FRAME_SIZE);
});
