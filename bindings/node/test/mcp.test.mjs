import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { DaemonEmitter, EmitTransportError } from "agentreceipts";
import { recordToolCalls } from "agentreceipts/mcp";
import { Daemon, folderFor } from "./support/daemon.mjs";
import { Receiver } from "./support/receiver.mjs";

const SERVER = fileURLToPath(new URL("programs/mcp-server.mjs", import.meta.url));

async function connected(context) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [SERVER] }));
  context.after(() => client.close());
  return client;
}

async function recorded(context, options) {
  const socketPath = join(folderFor(context), "s");
  const receiver = await Receiver.start(context, socketPath);
  const emitter = new DaemonEmitter({ socketPath });
  context.after(() => emitter.close());
  return { client: recordToolCalls(await connected(context), { emitter, ...options }), receiver };
}

const shown = (frame) => {
  const { v, ts_emit, session_id, ...event } = JSON.parse(frame);
  return event;
};

test("a tool call of a real client is a receipt in a chain that verifies", async (context) => {
  const daemon = await Daemon.start(context);
  const emitter = new DaemonEmitter({ socketPath: daemon.socket });
  context.after(() => emitter.close());
  const client = recordToolCalls(await connected(context), { emitter });
  const result = await client.callTool({ name: "add", arguments: { a: 1, b: 2 } });
  assert.deepEqual(result.content, [{ type: "text", text: "3" }]);
  const receipts = await daemon.receipts(1);
  const { action, outcome } = receipts[0].credentialSubject;
  assert.deepEqual([action.type, action.tool_name, outcome.status], ["mcp.sums.add", "add", "success"]);
  daemon.verify();
});

test("arguments and result are recorded, and the server by the name that it gave itself", async (context) => {
  const { client, receiver } = await recorded(context);
  await client.callTool({ name: "add", arguments: { a: 1, b: 2 } });
  assert.deepEqual(shown((await receiver.have(1))[0]), {
    channel: "mcp", tool: { server: "sums", name: "add" }, decision: "allowed", input: { a: 1, b: 2 },
    output: { content: [{ type: "text", text: "3" }] },
  });
});

test("a result that is an error is recorded as one, and given back all the same", async (context) => {
  const { client, receiver } = await recorded(context, { server: "mine" });
  assert.equal((await client.callTool({ name: "fail" })).isError, true);
  const event = shown((await receiver.have(1))[0]);
  assert.deepEqual([event.tool, event.error, event.input], [{ server: "mine", name: "fail" }, "no such file", {}]);
});

test("a call that fails is recorded with its error, and fails as before", async (context) => {
  const { client, receiver } = await recorded(context);
  const error = await client.callTool({ name: "leave" }).catch((error) => error);
  assert.ok(error instanceof Error);
  const event = shown((await receiver.have(1))[0]);
  assert.deepEqual([event.tool.name, event.error, "output" in event], ["leave", error.message, false]);
});

test("a result that no frame can hold is recorded by its hash", async (context) => {
  const { client, receiver } = await recorded(context);
  const result = await client.callTool({ name: "long" });
  const { output } = shown((await receiver.have(1))[0]);
  const sha256 = createHash("sha256").update(JSON.stringify(result)).digest("hex");
  assert.deepEqual(output, { "agentreceipts:omitted": { bytes: JSON.stringify(result).length, sha256 } });
});

test("arguments that JSON cannot say go to the server as they are, and the record says so", async (context) => {
  const { client, receiver } = await recorded(context);
  const cyclic = { a: 1, b: 2 };
  cyclic.self = cyclic;
  await assert.rejects(client.callTool({ name: "add", arguments: cyclic }));
  const event = shown((await receiver.have(1))[0]);
  assert.match(event.input["agentreceipts:unserialisable"], /circular/);
  assert.match(event.error, /circular/);
});

test("without a daemon the call goes on as if nobody recorded it, and the recorder is told", async (context) => {
  const errors = [];
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "s") });
  context.after(() => emitter.close());
  const options = { emitter, onError: (error) => errors.push(error) || assert.fail("recording disturbs nobody") };
  const client = recordToolCalls(await connected(context), options);
  assert.deepEqual((await client.callTool({ name: "add", arguments: { a: 2, b: 2 } })).content, [{ type: "text", text: "4" }]);
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof EmitTransportError);
});

test("a client that is recorded twice is recorded once", async (context) => {
  const { client, receiver } = await recorded(context);
  const emitter = new DaemonEmitter({ socketPath: join(folderFor(context), "other") });
  assert.equal(recordToolCalls(client, { emitter }), client);
  await client.callTool({ name: "add", arguments: { a: 1, b: 1 } });
  await client.callTool({ name: "add", arguments: { a: 1, b: 1 } });
  await receiver.have(2);
  assert.deepEqual([receiver.frames.length, emitter.dropped], [2, 0]);
  await emitter.close();
});
