import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter, EmitCallerError } from "agentreceipts";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const EVENT = { channel: "sdk", tool: { name: "read_file" }, decision: "allowed" };

const cyclic = {};
cyclic.self = cyclic;
const throwing = { get channel() { throw new Error("a getter"); }, tool: { name: "t" }, decision: "allowed" };
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const hostile = new Proxy({}, { ownKeys() { throw { toString() { throw new Error("no text either"); } }; } });

/** What cannot be an event, and the code of the error that says so. */
const BAD_EVENTS = [
  ["nothing", undefined, "argument"],
  ["null", null, "argument"],
  ["a number", 7, "argument"],
  ["a text", "event", "argument"],
  ["a list", [EVENT], "argument"],
  ["a function", () => EVENT, "argument"],
  ["an empty object", {}, "unknown_decision"],
  ["a getter that throws", throwing, "argument"],
  ["a revoked proxy", revoked.proxy, "argument"],
  ["a proxy that throws what has no text", hostile, "argument"],
  ["an unknown member", { ...EVENT, ouput: "{}" }, "argument"],
  ["a member of Object's", { ...EVENT, constructor: "x" }, "argument"],
  ["an own `__proto__`", JSON.parse('{"__proto__":"x"}'), "argument"],
  ["an unknown member of the tool", { ...EVENT, tool: { name: "t", title: "T" } }, "argument"],
  ["no tool", { ...EVENT, tool: undefined }, "missing_field"],
  ["a tool that is null", { ...EVENT, tool: null }, "argument"],
  ["a tool that is a text", { ...EVENT, tool: "read_file" }, "argument"],
  ["an empty tool name", { ...EVENT, tool: { name: "" } }, "missing_field"],
  ["an empty channel", { ...EVENT, channel: "" }, "missing_field"],
  ["an unknown decision", { ...EVENT, decision: "maybe" }, "unknown_decision"],
  ["input as an object", { ...EVENT, input: { path: "a" } }, "argument"],
  ["input as a cyclic object", { ...EVENT, input: cyclic }, "argument"],
  ["input as a BigInt", { ...EVENT, input: 1n }, "argument"],
  ["input as NaN", { ...EVENT, input: Number.NaN }, "argument"],
  ["input as null", { ...EVENT, input: null }, "argument"],
  ["input as a symbol", { ...EVENT, input: Symbol("x") }, "argument"],
  ["input as bytes", { ...EVENT, input: Buffer.from("{}") }, "argument"],
  ["input as a String object", { ...EVENT, input: new String("{}") }, "argument"],
  ["input that is empty", { ...EVENT, input: "" }, "payload"],
  ["input that is no JSON", { ...EVENT, input: "{" }, "payload"],
  ["input that is NaN in JSON", { ...EVENT, input: "[NaN]" }, "payload"],
  ["input with a number that no double holds", { ...EVENT, input: "1e400" }, "payload"],
  ["output nested too deep", { ...EVENT, output: "[".repeat(10_001) + "]".repeat(10_001) }, "payload"],
  ["usage that is no JSON", { ...EVENT, usage: "many" }, "payload"],
  ["half of a surrogate pair", { ...EVENT, error: "\ud800" }, "argument"],
  ["half of a surrogate pair in the input", { ...EVENT, input: '"\udc00"' }, "argument"],
  ["half of a surrogate pair in the tool's name", { ...EVENT, tool: { name: "a\ud83d" } }, "argument"],
  ["a text beyond its limit", { ...EVENT, correlationId: "c".repeat(257) }, "field_too_long"],
  ["an agent id with a slash", { ...EVENT, agentId: "a/b" }, "agent_id"],
  ["half a target", { ...EVENT, target: { system: "filesystem" } }, "half_target"],
  ["a target that is a list", { ...EVENT, target: ["a", "b"] }, "argument"],
  ["an operator's name alone", { ...EVENT, operatorName: "o" }, "operator_name_alone"],
  ["more than a frame in one text", { ...EVENT, error: "e".repeat(2 ** 20 + 1) }, "too_large"],
  ["more than a frame in one text, short of a channel", { error: "e".repeat(2 ** 20 + 1) }, "too_large"],
  ["more than a frame in all texts", { ...EVENT, input: `"${"i".repeat(2 ** 19)}"`, output: `"${"o".repeat(2 ** 19)}"` }, "too_large"],
  ["as much as a string can hold", { ...EVENT, input: `"${"i".repeat(2 ** 28)}"` }, "too_large"],
];

test("what cannot be an event is the caller's error: nothing is sent, nothing is dropped, nothing is thrown", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  for (const [what, event, code] of BAD_EVENTS) {
    for (const emit of ["emit", "emitAcknowledged"]) {
      const error = await emitter[emit](event);
      assert.ok(error instanceof EmitCallerError, `${emit} of ${what}: ${error}`);
      assert.equal(error.code, code, `${emit} of ${what}: ${error.message}`);
      assert.equal(error.stack?.includes("xxxx"), false);
    }
  }
  assert.equal(emitter.dropped, 0);
  // The emitter is none the worse for it, and this is the first frame that comes.
  assert.equal(await emitter.emit({ ...EVENT, correlationId: "after all" }), null);
  const [first] = await receiver.have(1);
  assert.equal(JSON.parse(first).correlation_id, "after all");
});

test("errors hold no payload", async (context) => {
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s") });
  context.after(() => emitter.close());
  for (const input of ['{"password":"hunter2"', '["hunter2", NaN]', { password: "hunter2" }, '"hunter2 \ud800"']) {
    const error = await emitter.emit({ ...EVENT, input });
    assert.ok(error instanceof EmitCallerError);
    assert.ok(!`${error.message}${error.stack}`.includes("hunter2"), error.message);
  }
});

test("a member that is undefined is absent", async (context) => {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath, sessionId: undefined, identity: undefined, debugLog: undefined });
  context.after(() => emitter.close());
  assert.equal(await emitter.emit({ ...EVENT, input: undefined, target: undefined }), null);
  assert.equal("input" in JSON.parse((await receiver.have(1))[0]), false);
});

test("options that cannot be taken are thrown by the constructor", () => {
  const bad = [
    [null, /options/],
    ["/run/s", /options/],
    [{ socket: "/run/s" }, /unknown member `socket`/],
    [{ socketPath: 7 }, /`socketPath` is of type number/],
    [{ socketPath: "/tmp/\0" }, /NUL/],
    [{ socketPath: "s".repeat(5000) }, /longer/],
    [{ sessionId: {} }, /`sessionId`/],
    [{ sessionId: "\ud800" }, /surrogate/],
    [{ debugLog: "console" }, /`debugLog`/],
    [{ bestEffort: "yes" }, /`bestEffort`/],
    [{ identity: "me" }, /`identity`/],
    [{ identity: { name: "me" } }, /unknown member `name`/],
    [{ identity: { issuerName: "i".repeat(257) } }, /256/],
    [{ identity: { operatorName: "o" } }, /operator_name/],
  ];
  for (const [options, message] of bad) {
    assert.throws(() => new DaemonEmitter(options), (error) => error instanceof EmitCallerError && message.test(error.message), JSON.stringify(options));
  }
});

test("a patience that is none is the caller's error", async (context) => {
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s") });
  context.after(() => emitter.close());
  for (const patience of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5", null, 2 ** 31, 5n]) {
    assert.equal((await emitter.emitAcknowledged(EVENT, patience)).code, "argument", String(patience));
  }
  assert.equal(emitter.dropped, 0);
});

test("methods without their emitter are an error of JavaScript's, not a crash", async () => {
  const { emit } = DaemonEmitter.prototype;
  const outcome = await (async () => emit.call({}, EVENT))().catch((error) => error);
  assert.ok(outcome instanceof Error);
});
