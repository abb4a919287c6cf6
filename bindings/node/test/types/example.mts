// Checked by the compiler alone, as a user of `import` writes it.
import { DaemonEmitter, defaultSocketPath, type Acknowledgement, type EmitError, EmitRefusedError, EmitTransportError, ERROR_CODES } from "agentreceipts";
import { receiptsMiddleware, recordTools } from "agentreceipts/ai";
import { recordToolCalls } from "agentreceipts/mcp";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { generateText, type LanguageModel, type LanguageModelMiddleware, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { z } from "zod";

const emitter = new DaemonEmitter({
  socketPath: defaultSocketPath(),
  bestEffort: false,
  debugLog: (message, attrs) => console.debug(message, attrs["stage"]),
  identity: { issuerName: "agent", operatorId: "me" },
});
const error: EmitError | null = await emitter.emit({ channel: "sdk", tool: { name: "t" }, decision: "allowed", input: "{}" });
if (error instanceof EmitTransportError) console.log(error.number === ERROR_CODES.dial);

const ack: Acknowledgement | EmitError = await emitter.emitAcknowledged({ channel: "sdk", tool: { name: "t" }, decision: "pending" }, 1000);
if (ack instanceof EmitRefusedError) console.log(ack.refusalCode);
else if (!(ack instanceof Error)) console.log(ack.sequence + 1);

// @ts-expect-error a decision is one of three
void emitter.emit({ channel: "sdk", tool: { name: "t" }, decision: "maybe" });
// @ts-expect-error a payload is JSON text
void emitter.emit({ channel: "sdk", tool: { name: "t" }, decision: "allowed", input: { path: "a" } });
// @ts-expect-error a tool has a name
void emitter.emit({ channel: "sdk", tool: {}, decision: "allowed" });
// @ts-expect-error no such option
new DaemonEmitter({ socket: "/run/s" });

const client: Client = recordToolCalls(new Client({ name: "n", version: "1" }), { emitter, server: "files" });
const tools = recordTools({ now: tool({ inputSchema: z.object({}), execute: async () => 1 }) }, { emitter });
const middleware: LanguageModelMiddleware = receiptsMiddleware({ emitter });
const model: LanguageModel = wrapLanguageModel({ model: new MockLanguageModelV3(), middleware });
const { toolResults } = await generateText({ model, tools, prompt: "?" });
for (const result of toolResults) if (!result.dynamic) result.output satisfies number;
await client.close();
await emitter.close();
