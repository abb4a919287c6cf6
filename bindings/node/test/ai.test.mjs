import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { generateText, simulateReadableStream, stepCountIs, streamText, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { z } from "zod";
import { DaemonEmitter } from "agentreceipts";
import { receiptsMiddleware, recordTools } from "agentreceipts/ai";
import { Daemon, folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const USAGE = { inputTokens: { total: 3, noCache: 3 }, outputTokens: { total: 5, text: 5 } };
const call = (toolName, input, more) => ({ type: "tool-call", toolCallId: `call-${toolName}`, toolName, input, ...more });

/** A model that asks for tools in its first answer and says something in its second. */
function modelThatAsks(...content) {
  const finish = (unified) => ({ usage: USAGE, warnings: [], finishReason: { unified, raw: undefined } });
  const answers = [
    { content, ...finish("tool-calls"), response: { modelId: "mock-of-today" } },
    { content: [{ type: "text", text: "done" }], ...finish("stop") },
  ];
  return new MockLanguageModelV3({ provider: "mock", modelId: "mock-model", doGenerate: async () => answers.shift() });
}

function streamThatAsks(...content) {
  const finish = (unified) => ({ type: "finish", usage: USAGE, finishReason: { unified, raw: undefined } });
  const text = [{ type: "text-start", id: "1" }, { type: "text-delta", id: "1", delta: "done" }, { type: "text-end", id: "1" }];
  const answers = [
    [{ type: "stream-start", warnings: [] }, { type: "response-metadata", modelId: "mock-of-today" }, ...content, finish("tool-calls")],
    [{ type: "stream-start", warnings: [] }, ...text, finish("stop")],
  ];
  return new MockLanguageModelV3({
    provider: "mock", modelId: "mock-model", doStream: async () => ({ stream: simulateReadableStream({ chunks: answers.shift() }) }),
  });
}

const TOOLS = {
  weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ city, degrees: 21n.toString() }) }),
  fails: tool({ inputSchema: z.object({}), execute: async () => { throw new Error("no such city"); } }),
  instant: tool({ inputSchema: z.object({}), execute: () => "at once" }),
  slow: tool({ inputSchema: z.object({}), async *execute() { yield "loading"; yield "loaded"; } }),
  asked: tool({ inputSchema: z.object({}) }),
};

async function prepared(context) {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  const wrapped = (model) => wrapLanguageModel({ model, middleware: receiptsMiddleware({ emitter }) });
  return { receiver, emitter, wrapped, tools: recordTools(TOOLS, { emitter }) };
}

const events = async (receiver, count) => (await receiver.have(count)).map((frame) => {
  const { v, ts_emit, session_id, ...event } = JSON.parse(frame);
  return event;
});

test("what a model asks for and what was done are receipts in a chain that verifies", async (context) => {
  const daemon = await Daemon.start(context);
  const emitter = new DaemonEmitter({ socketPath: daemon.socket });
  context.after(() => emitter.close());
  const model = wrapLanguageModel({ model: modelThatAsks(call("weather", '{"city":"Rome"}')), middleware: receiptsMiddleware({ emitter }) });
  const { text } = await generateText({ model, tools: recordTools(TOOLS, { emitter }), prompt: "?", stopWhen: stepCountIs(3) });
  assert.equal(text, "done");
  const outcomes = (await daemon.receipts(2)).map((receipt) => receipt.credentialSubject.outcome.status);
  assert.deepEqual(outcomes, ["pending", "success"]);
  daemon.verify();
});

test("a request is pending with its model and usage, an execution is allowed with input and output, and an id ties them", async (context) => {
  const { receiver, wrapped, tools } = await prepared(context);
  await generateText({ model: wrapped(modelThatAsks(call("weather", '{ "city":"Rome" }'))), tools, prompt: "?", stopWhen: stepCountIs(3) });
  const [asked, done] = await events(receiver, 2);
  assert.deepEqual(asked, {
    channel: "ai-sdk", tool: { name: "weather" }, decision: "pending", correlation_id: "call-weather", input: { city: "Rome" },
    model: "mock-of-today", usage: USAGE, capture_method: "ai-sdk-middleware",
  });
  assert.ok(receiver.frames[0].includes('"input":{ "city":"Rome" }'));
  assert.deepEqual(done, {
    channel: "ai-sdk", tool: { name: "weather" }, decision: "allowed", correlation_id: "call-weather", input: { city: "Rome" },
    output: { city: "Rome", degrees: "21" },
  });
});

test("a streamed answer is recorded as it passes, and passes unchanged", async (context) => {
  const { receiver, wrapped, tools } = await prepared(context);
  const result = streamText({ model: wrapped(streamThatAsks(call("weather", '{"city":"Rome"}'))), tools, prompt: "?", stopWhen: stepCountIs(3) });
  assert.equal(await result.text, "done");
  const [asked, done] = await events(receiver, 2);
  assert.deepEqual([asked.decision, asked.model, asked.correlation_id], ["pending", "mock-of-today", "call-weather"]);
  assert.deepEqual([done.decision, done.output], ["allowed", { city: "Rome", degrees: "21" }]);
});

test("a tool that fails is recorded with its error, and the model is told as before", async (context) => {
  const { receiver, wrapped, tools } = await prepared(context);
  const { steps } = await generateText({ model: wrapped(modelThatAsks(call("fails", "{}"))), tools, prompt: "?", stopWhen: stepCountIs(3) });
  assert.ok(steps[0].content.some(({ type }) => type === "tool-error"));
  const [, done] = await events(receiver, 2);
  assert.deepEqual([done.tool.name, done.error, "output" in done], ["fails", "no such city", false]);
});

test("tools that answer at once or by several values are recorded by their last one", async (context) => {
  const { receiver, wrapped, tools } = await prepared(context);
  const model = wrapped(modelThatAsks(call("instant", "{}"), call("slow", "{}")));
  const { steps } = await generateText({ model, tools, prompt: "?", stopWhen: stepCountIs(3) });
  assert.deepEqual(steps[0].toolResults.map(({ output }) => output).sort(), ["at once", "loaded"]);
  const done = (await events(receiver, 4)).filter(({ decision }) => decision === "allowed");
  assert.deepEqual(done.map(({ output }) => output).sort(), ["at once", "loaded"]);
});

test("a value of several that nobody waits for is recorded once, as far as it came", async (context) => {
  const { receiver, tools } = await prepared(context);
  for await (const value of tools.slow.execute({}, { toolCallId: "c", messages: [] })) {
    assert.equal(value, "loading");
    break;
  }
  const [done] = await events(receiver, 1);
  assert.deepEqual([done.output, receiver.frames.length], ["loading", 1]);
});

test("a tool without a function of its own is left alone, and its request recorded", async (context) => {
  const { receiver, wrapped, tools } = await prepared(context);
  assert.equal(tools.asked, TOOLS.asked);
  await generateText({ model: wrapped(modelThatAsks(call("asked", "{}"))), tools, prompt: "?" });
  const [asked] = await events(receiver, 1);
  assert.deepEqual([asked.tool.name, asked.decision], ["asked", "pending"]);
});

test("what a provider runs itself is recorded with the provider as its server", async (context) => {
  const { receiver, wrapped } = await prepared(context);
  const result = { type: "tool-result", toolCallId: "call-search", toolName: "search", result: ["a", "b"] };
  const model = wrapped(modelThatAsks(call("search", '{"q":"x"}', { providerExecuted: true }), result));
  await model.doGenerate({ prompt: [] });
  const [asked, done] = await events(receiver, 2);
  assert.deepEqual([asked.tool, asked.decision], [{ server: "mock", name: "search" }, "pending"]);
  assert.deepEqual([done.tool, done.decision, done.output], [{ server: "mock", name: "search" }, "allowed", ["a", "b"]]);
});

test("what a model says that is no JSON is recorded as a text", async (context) => {
  const { receiver, wrapped } = await prepared(context);
  await wrapped(modelThatAsks(call("weather", "{city: Rome"), call("", "1e999"))).doGenerate({ prompt: [] });
  const [bad, worse] = await events(receiver, 2);
  assert.equal(bad.input, "{city: Rome");
  assert.equal(worse.tool.name, "unknown");
  assert.deepEqual(Object.keys(worse.input), ["agentreceipts:omitted"]);
});

test("a model that fails fails as before, and nothing is recorded", async (context) => {
  const { receiver, emitter, wrapped } = await prepared(context);
  const model = new MockLanguageModelV3({ doGenerate: async () => { throw new Error("overloaded"); } });
  await assert.rejects(wrapped(model).doGenerate({ prompt: [] }), /overloaded/);
  await emitter.emit({ channel: "sdk", tool: { name: "last" }, decision: "allowed" });
  assert.equal((await events(receiver, 1))[0].tool.name, "last");
});

test("without a daemon tools give what they give", async (context) => {
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s") });
  context.after(() => emitter.close());
  const tools = recordTools(TOOLS, { emitter });
  assert.equal(tools.instant.execute({}, { toolCallId: "c", messages: [] }), "at once");
  await assert.rejects(tools.fails.execute({}, { toolCallId: "c", messages: [] }), /no such city/);
  assert.equal(emitter.dropped, 2);
});

/** A tool with secrets of its own: its methods and accessors work on nothing else than itself. */
class Thermometer {
  #degrees = 21;
  #said = [];
  unit = "C";
  inputSchema = z.object({ city: z.string() });
  onInputAvailable = ({ toolCallId }) => this.#said.push(toolCallId);
  get description() { return `gives ${this.#degrees} degrees`; }
  get said() { return this.#said; }
  set degrees(degrees) { this.#degrees = degrees; }
  needsApproval({ city }) { return this.#degrees > 99 && city !== ""; }
  execute() { return (this.#degrees += 1); }
  toModelOutput({ output }) { return { type: "text", value: `${output} of ${this.#degrees} ${this.unit}` }; }
}

class Kelvin extends Thermometer {
  #offset = 273;
  toModelOutput(answer) { return { type: "text", value: `${super.toModelOutput(answer).value}, or ${answer.output + this.#offset} K` }; }
}

test("a tool that is an object with private members works as before, in all that it can do", async (context) => {
  const { receiver, emitter } = await prepared(context);
  const original = new Kelvin();
  const tools = recordTools({ warm: original }, { emitter });
  const model = modelThatAsks(call("warm", '{"city":"Rome"}'));
  const { text, steps } = await generateText({ model, tools, prompt: "?", stopWhen: stepCountIs(3) });
  assert.equal(text, "done");
  assert.deepEqual(steps[0].toolResults.map(({ output }) => output), [22]);
  const [{ description }] = model.doGenerateCalls[0].tools;
  const [{ output }] = model.doGenerateCalls[1].prompt.at(-1).content;
  assert.deepEqual([description, output], ["gives 21 degrees", { type: "text", value: "22 of 22 C, or 295 K" }]);
  assert.deepEqual(original.said, ["call-warm"]);
  const [done] = await events(receiver, 1);
  assert.deepEqual([done.tool.name, done.output], ["warm", 22]);

  // What is changed on either is changed, and the class and its members' order are still to be seen.
  Object.assign(tools.warm, { unit: "F", degrees: 212 });
  assert.deepEqual([original.unit, original.description], ["F", "gives 212 degrees"]);
  assert.ok(tools.warm instanceof Kelvin && tools.warm.constructor === Kelvin);
  assert.equal(tools.warm.inputSchema, original.inputSchema);
  assert.deepEqual(Object.keys(tools.warm).filter((key) => key !== "execute"), Object.keys(original));
  const refused = await generateText({ model: modelThatAsks(call("warm", '{"city":"Rome"}')), tools, prompt: "?" });
  assert.ok(refused.content.some(({ type }) => type === "tool-approval-request"));
  tools.warm.needsApproval = () => false;
  assert.equal(tools.warm.needsApproval(), false);
});

test("a tool's own state is one, whether its execution or something else of it is asked for", async (context) => {
  const { receiver, emitter } = await prepared(context);
  const counter = {
    inputSchema: z.object({}), runs: 0, execute() { return (this.runs += 1); },
    toModelOutput() { return { type: "text", value: `ran ${this.runs} times` }; },
  };
  const frozen = Object.freeze({ ...counter, execute: () => "frozen" });
  const tools = recordTools({ counter, frozen }, { emitter });
  const model = modelThatAsks(call("counter", "{}"), call("frozen", "{}"));
  await generateText({ model, tools, prompt: "?", stopWhen: stepCountIs(3) });
  const outputs = model.doGenerateCalls[1].prompt.at(-1).content.map(({ output }) => output.value);
  assert.deepEqual(outputs, ["ran 1 times", "ran 0 times"]);
  assert.equal((await events(receiver, 2)).length, 2);
});
