// Checked by the compiler alone, as a user of `require` writes it.
import receipts = require("agentreceipts");
import ai = require("agentreceipts/ai");
import mcp = require("agentreceipts/mcp");

const emitter = new receipts.DaemonEmitter();
const sent: Promise<receipts.EmitError | null> = emitter.emit({ channel: "sdk", tool: { name: "t" }, decision: "denied" });
const code: 200 = receipts.ERROR_CODES.dial;
export = { sent, code, middleware: ai.receiptsMiddleware({ emitter }), record: mcp.recordToolCalls };
