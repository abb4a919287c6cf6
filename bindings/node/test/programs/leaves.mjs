// Emits to nobody and ends as it is told to, its emitter open.
import { DaemonEmitter } from "agentreceipts";

const [, , socketPath, sessionId, ending] = process.argv;
const emitter = new DaemonEmitter({ socketPath, sessionId, bestEffort: true });
for (let n = 0; n < 3; n++) await emitter.emit({ channel: "sdk", tool: { name: "t" }, decision: "allowed" });
switch (ending) {
  case "exit":
    process.exit(0);
  case "throw":
    throw new Error("on purpose");
  case "waiting":
    // A call that would wait long is under way.
    void emitter.emitAcknowledged({ channel: "sdk", tool: { name: "t" }, decision: "allowed" }, 600_000);
    setTimeout(() => process.exit(0), 50);
    break;
  case "close":
    await emitter.close();
}
