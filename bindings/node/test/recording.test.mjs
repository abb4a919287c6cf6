// Whatever a program's tools, models and callbacks do, recording them disturbs nobody and loses no call.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter, EmitCallerError } from "agentreceipts";
import { receiptsMiddleware, recordTools } from "agentreceipts/ai";
import { recordToolCalls } from "agentreceipts/mcp";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const MODEL = { provider: "mock", modelId: "mock-model" };
const CALL = { type: "tool-call", toolName: "t", toolCallId: "c", input: "{}" };
const OPTIONS = { toolCallId: "c", messages: [] };

async function prepared(context) {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  const errors = [];
  return { receiver, errors, options: { emitter, onError: (error) => errors.push(error) } };
}

/** Collects what nobody handled: it would have ended the process. */
function unhandled(context) {
  const found = [];
  const keep = (reason) => found.push(reason);
  process.on("unhandledRejection", keep);
  context.after(() => process.off("unhandledRejection", keep));
  return async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    return found;
  };
}

test("without an emitter nothing is set up, and no later call has to find out", () => {
  const client = { callTool: async () => 1 };
  for (const options of [undefined, null, {}, { emitter: undefined }, { emitter: {} }, { emitter: DaemonEmitter }]) {
    for (const set of [() => recordTools({}, options), () => receiptsMiddleware(options), () => recordToolCalls(client, options)]) {
      assert.throws(set, EmitCallerError, JSON.stringify(options));
    }
  }
  const emitter = { emit: async () => null };
  for (const nothing of [undefined, null, {}]) assert.throws(() => recordToolCalls(nothing, { emitter }), EmitCallerError);
  assert.throws(() => recordTools({}, { emitter, onError: "console" }), EmitCallerError);
  assert.equal(recordToolCalls(client, { emitter }), client);
});

test("a callback or an emitter that fails by a promise ends no process", async (context) => {
  const found = unhandled(context);
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "nobody") });
  context.after(() => emitter.close());
  const told = [];
  const failing = async (error) => {
    told.push(error);
    throw new Error("the log is full");
  };
  const tools = { t: { execute: () => 1 } };
  assert.equal(recordTools(tools, { emitter, onError: failing }).t.execute({}, OPTIONS), 1);
  assert.equal(recordTools(tools, { emitter: { emit: async () => { throw new Error("no emitter of ours"); } } }).t.execute({}, OPTIONS), 1);
  assert.deepEqual([await found(), told.length], [[], 1]);
});

test("what JSON would leave out without a word is said", async (context) => {
  const { receiver, options, errors } = await prepared(context);
  const { t } = recordTools({ t: { execute: (input) => input } }, options);
  const values = [new Map([["a", 1], [{ b: 2 }, 2]]), { s: new Set([1, "x"]) }, [Number.NaN, -Infinity], { e: new TypeError("no") }, 5n];
  for (const value of values) t.execute(value, OPTIONS);
  const outputs = (await receiver.have(values.length)).map((frame) => JSON.parse(frame).output);
  assert.deepEqual(outputs, [
    { "agentreceipts:map": [["a", 1], [{ b: 2 }, 2]] },
    { s: { "agentreceipts:set": [1, "x"] } },
    [{ "agentreceipts:unserialisable": "NaN" }, { "agentreceipts:unserialisable": "-Infinity" }],
    { e: { "agentreceipts:error": "no" } },
    "5",
  ]);
  assert.deepEqual(errors, []);
});

test("an id or a model's name that no event can hold costs no receipt, and still ties both events together", async (context) => {
  const { receiver, options, errors } = await prepared(context);
  const { t } = recordTools({ t: { execute: () => 1 } }, options);
  const ids = ["x".repeat(400), "é".repeat(200), `${"x".repeat(255)}😀`];
  const middleware = receiptsMiddleware(options);
  for (const toolCallId of ids) {
    const doGenerate = async () => ({ content: [{ ...CALL, toolCallId }], response: { modelId: "m".repeat(300) } });
    await middleware.wrapGenerate({ model: MODEL, doGenerate });
    t.execute({}, { ...OPTIONS, toolCallId });
  }
  const events = (await receiver.have(2 * ids.length)).map((frame) => JSON.parse(frame));
  const hash = (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
  assert.deepEqual(events.map(({ correlation_id }) => correlation_id), ids.flatMap((id) => [hash(id), hash(id)]));
  assert.equal(events[0].model, hash("m".repeat(300)));
  assert.deepEqual(errors, []);
});

test("an answer in another form than a model's passes as it is", async (context) => {
  const { receiver, options } = await prepared(context);
  const middleware = receiptsMiddleware(options);
  for (const answer of [{}, { content: [null, undefined, 7, CALL] }, { content: "text" }, undefined]) {
    assert.equal(await middleware.wrapGenerate({ model: MODEL, doGenerate: async () => answer }), answer);
  }
  const stream = new ReadableStream({ start(to) { [null, 7, CALL].forEach((part) => to.enqueue(part)); to.close(); } });
  const passed = [];
  for await (const part of (await middleware.wrapStream({ model: MODEL, doStream: async () => ({ stream }) })).stream) passed.push(part);
  assert.deepEqual(passed, [null, 7, CALL]);
  assert.equal((await receiver.have(2)).length, 2);
});

test("a client whose server cannot be named, and a tool that is none, are left as they are", async (context) => {
  const { options } = await prepared(context);
  const found = unhandled(context);
  const client = recordToolCalls({ callTool: async () => "fine", getServerVersion() { throw new Error("gone"); } }, options);
  assert.equal(await client.callTool({ name: "t" }), "fine");
  assert.deepEqual(recordTools({ none: undefined, nothing: null }, options), { none: undefined, nothing: null });
  assert.deepEqual(await found(), []);
});

test("a tool's thenable gives its value once, whatever its `then` gives back", async (context) => {
  const { receiver, options } = await prepared(context);
  let asked = 0;
  const { t } = recordTools({ t: { execute: () => ({ then(resolve) { asked++; resolve("value"); } }) } }, options);
  assert.equal(await t.execute({}, OPTIONS), "value");
  const [frame] = await receiver.have(1);
  assert.deepEqual([JSON.parse(frame).output, asked], ["value", 1]);
});
