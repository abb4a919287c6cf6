// What is read of an event's objects, and how: each member alone, and nothing but their own members.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DaemonEmitter, EmitCallerError, EmitTransportError } from "agentreceipts";
import { folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const EVENT = { channel: "sdk", tool: { name: "read_file" }, decision: "allowed" };
/** Every member with a text that it may have, and its name in a frame. */
const MEMBERS = [
  ["channel", "ch", "channel"], ["tool.server", "se", "tool.server"], ["tool.name", "na", "tool.name"], ["actionType", "at", "action_type"],
  ["input", "[1]", "input"], ["output", "{}", "output"], ["error", "er", "error"], ["decision", "denied", "decision"],
  ["issuerName", "in", "issuer_name"], ["issuerModel", "im", "issuer_model"], ["operatorId", "oi", "operator_id"],
  ["operatorName", "on", "operator_name"], ["idempotencyKey", "ik", "idempotency_key"], ["correlationId", "ci", "correlation_id"],
  ["agentId", "ai", "agent_id"], ["agentType", "ty", "agent_type"], ["model", "mo", "model"], ["usage", "3", "usage"],
  ["captureMethod", "cm", "capture_method"], ["target.system", "sy", "target_system"], ["target.resource", "re", "target_resource"],
];
const NAMES = MEMBERS.map(([name]) => name);

/** An event in which `texts` stand under their names, in their order. */
function eventOf(texts) {
  const event = {};
  for (const [name, text] of texts) {
    const [member, inner] = name.split(".");
    if (inner === undefined) event[member] = text;
    else (event[member] ??= {})[inner] = text;
  }
  return event;
}

const whole = () => eventOf(MEMBERS);
const changed = (name, to) => eventOf(MEMBERS.map(([at, text]) => [at, at === name ? to : text]));

async function start(context) {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  /** Emits until the kernel has it, and gives the frame. */
  const frameOf = async (event) => {
    const before = receiver.frames.length;
    for (let tries = 0; tries < 100; tries++) {
      const error = await emitter.emit(event);
      if (error === null) return (await receiver.have(before + 1)).at(-1);
      assert.ok(error instanceof EmitTransportError, String(error));
    }
    assert.fail("the frame was never sent");
  };
  return { emitter, receiver, frameOf };
}

/** What of a frame came from the event. */
function said(frame) {
  const { v, ts_emit, session_id, ...rest } = JSON.parse(frame);
  return rest;
}

test("the order of members is of no matter", async (context) => {
  const { frameOf } = await start(context);
  const expected = { ...said(await frameOf(whole())) };
  assert.equal(Object.keys(expected).length, MEMBERS.length - 1);
  for (let turn = 0; turn < MEMBERS.length; turn++) {
    const turned = [...MEMBERS.slice(turn), ...MEMBERS.slice(0, turn)];
    assert.deepEqual(said(await frameOf(eventOf(turned))), expected);
    assert.deepEqual(said(await frameOf(eventOf(turned.reverse()))), expected);
  }
});

test("each member that is undefined is absent, whatever the others are", async (context) => {
  const { frameOf } = await start(context);
  const required = new Set(["channel", "tool.name", "decision", "operatorId", "target.system", "target.resource"]);
  const all = said(await frameOf(whole()));
  for (const [name, , sent] of MEMBERS.filter(([name]) => !required.has(name))) {
    const { [sent]: _, ...others } = all;
    const expected = name === "tool.server" ? { ...all, tool: { name: "na" } } : others;
    assert.deepEqual(said(await frameOf(changed(name, undefined))), expected, name);
  }
  const nothingBut = eventOf(MEMBERS.map(([name]) => [name, undefined]));
  assert.deepEqual(said(await frameOf({ ...nothingBut, ...EVENT })), EVENT);
  assert.deepEqual(said(await frameOf({ ...EVENT, tool: { name: "read_file", title: undefined }, ouput: undefined })), EVENT);
});

test("what is no text, or half a pair, is refused by its name in every place", async (context) => {
  const { emitter, receiver } = await start(context);
  const bad = [[7, "of type number"], [null, "is null"], [["x"], "of type object"], [new String("x"), "of type object"], ["x\ud83d", "surrogate"], ["\ude00x", "surrogate"]];
  for (const name of NAMES) {
    for (const [value, why] of bad) {
      for (const emit of ["emit", "emitAcknowledged"]) {
        const error = await emitter[emit](changed(name, value));
        assert.ok(error instanceof EmitCallerError, `${name}: ${error}`);
        assert.equal(error.code, "argument");
        assert.ok(error.message.startsWith(`\`${name}\` `) && error.message.includes(why), `${name}: ${error.message}`);
      }
    }
  }
  // Two halves in two places are no pair, whichever places these are.
  for (const first of NAMES) {
    for (const second of NAMES.filter((name) => name !== first)) {
      const texts = MEMBERS.map(([name, text]) => [name, name === first ? "a\ud83d" : name === second ? "\ude00b" : text]);
      assert.equal((await emitter.emit(eventOf(texts)))?.code, "argument", `${first}, ${second}`);
    }
  }
  assert.equal(emitter.dropped, 0);
  assert.deepEqual(receiver.frames, []);
});

test("characters of every length arrive in every place, what half a pair would have become among them", async (context) => {
  const { frameOf } = await start(context);
  for (const text of ["é", "\ufffd", "日本", "😀", "\0", "a\ufffd😀é"]) {
    const texts = MEMBERS.map(([name, given]) => [name, ["decision", "agentId"].includes(name) ? given : ["input", "output", "usage"].includes(name) ? JSON.stringify(text) : text]);
    const { decision, agent_id, tool, ...rest } = said(await frameOf(eventOf(texts)));
    assert.deepEqual(tool, { server: text, name: text });
    assert.deepEqual(Object.values(rest), Array(MEMBERS.length - 4).fill(text));
  }
});

test("texts that are short alone and long together arrive whole", async (context) => {
  const { frameOf } = await start(context);
  for (let size = 7_800; size < 8_300; size += 7) {
    const input = JSON.stringify("é".repeat((size - 4_000) / 2));
    const event = { ...whole(), input, target: { system: "sy", resource: "r".repeat(4_000) } };
    const frame = await frameOf(event);
    assert.ok(frame.includes(`"input":${input},`));
    assert.deepEqual(said(frame), { ...said(await frameOf(whole())), input: JSON.parse(input), target_resource: event.target.resource }, `${size}`);
  }
});

test("only an object's own members count", async (context) => {
  const { emitter, receiver, frameOf } = await start(context);
  const inherited = { error: "of the prototype", ouput: "unknown", tool: { name: "of the prototype" } };
  const heir = Object.assign(Object.create(inherited), { channel: "sdk", decision: "allowed" });
  assert.equal((await emitter.emit(heir))?.code, "missing_field");
  heir.tool = Object.assign(Object.create({ server: "of the prototype", title: "unknown" }), { name: "read_file" });
  assert.deepEqual(said(await frameOf(heir)), EVENT);
  assert.deepEqual(said(await frameOf(Object.assign(Object.create(null), EVENT))), EVENT);
  class Accessors { channel = "sdk"; tool = EVENT.tool; decision = "allowed"; get error() { return "of the class"; } }
  assert.deepEqual(said(await frameOf(new Accessors())), EVENT);
  const hidden = Object.defineProperty({ ...EVENT, [Symbol("error")]: 7 }, "error", { value: "not to be counted", enumerable: false });
  assert.deepEqual(said(await frameOf(hidden)), EVENT);
  for (const name of ["constructor", "toString", "__proto__", "0", "size"]) {
    const unknown = JSON.parse(`{"${name}":"x"}`);
    assert.match(String(await emitter.emit(Object.assign(unknown, EVENT))), new RegExp(`unknown member \`${name}\``));
    assert.match(String(await emitter.emit({ ...EVENT, tool: unknown })), new RegExp(`unknown member \`tool.${name}\``));
  }
  const frames = receiver.frames.length;
  const polluted = { error: "of every object", server: "of every object", ouput: "of every object" };
  for (const [name, value] of Object.entries(polluted)) Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: name === "server" });
  try {
    assert.deepEqual(said(await frameOf(EVENT)), EVENT);
    // As many inherited as there are too many: a count alone would not tell.
    assert.match(String(await emitter.emit({ ...EVENT, errror: "x" })), /unknown member `errror`/);
    assert.match(String(await emitter.emit({ ...EVENT, tool: { name: "read_file", sever: "x" } })), /unknown member `tool.sever`/);
    assert.deepEqual(said(await frameOf({ ...EVENT, error: undefined })), EVENT);
  } finally {
    for (const name of Object.keys(polluted)) delete Object.prototype[name];
  }
  assert.equal((await receiver.have(frames + 2)).length, frames + 2);
});

test("each member is read once, and reading one may emit other events", async (context) => {
  const { emitter, receiver } = await start(context);
  const other = new DaemonEmitter({ socketPath: emitter.socketPath });
  context.after(() => other.close());
  const inner = [];
  let read = 0;
  const nested = (value) => ({ enumerable: true, get() {
    read++;
    for (const by of [emitter, other]) {
      inner.push(by.emit({ ...EVENT, tool: { server: "s".repeat(300), name: "inner" }, error: "e".repeat(9_000), correlationId: `inner-${inner.length}` }));
      inner.push(by.emit({ ...EVENT, error: 7 }));
    }
    return value;
  } });
  const tool = Object.defineProperties({}, { server: nested("outer server"), name: nested("outer") });
  const outer = Object.defineProperties({}, { error: nested("outer error"), tool: { value: tool, enumerable: true }, decision: nested("denied"), input: nested("[1]"), channel: nested("sdk") });
  assert.equal(await emitter.emit(outer), null);
  assert.equal(read, 6);
  const errors = await Promise.all(inner);
  assert.deepEqual(errors.map((error) => error?.code ?? "sent"), Array(12).fill(["sent", "argument"]).flat());
  const frames = (await receiver.have(13)).map(said);
  const { error, tool: of, decision, input, channel, ...rest } = frames.find(({ tool: { name } }) => name === "outer");
  assert.deepEqual([error, of, decision, input, channel, rest], ["outer error", { server: "outer server", name: "outer" }, "denied", [1], "sdk", {}]);
  for (const frame of frames.filter(({ tool: { name } }) => name === "inner")) {
    assert.deepEqual([frame.error, frame.tool.server], ["e".repeat(9_000), "s".repeat(300)]);
  }
});

test("a member that changes while it is read is taken as it was", async (context) => {
  const { frameOf } = await start(context);
  const event = { get channel() { delete event.error; event.ouput = "later"; return "sdk"; }, tool: EVENT.tool, decision: "allowed", error: "before" };
  assert.deepEqual(said(await frameOf(event)), EVENT);
  const proxied = new Proxy({ ...EVENT }, {});
  assert.deepEqual(said(await frameOf({ ...EVENT, tool: new Proxy({ name: "read_file" }, {}) })), EVENT);
  assert.deepEqual(said(await frameOf(proxied)), EVENT);
});
