// A listener in the daemon's place that shows what was sent, byte for byte. It has a thread of its own: it reads while the test's is held.
import { createServer } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { once } from "node:events";
import { until } from "./daemon.mjs";

/** The frames that arrived, as texts. */
export class Receiver {
  frames = [];
  #worker;

  static async start(context, socket) {
    const receiver = new Receiver();
    receiver.#worker = new Worker(new URL(import.meta.url), { workerData: { socket } });
    await once(receiver.#worker, "message");
    receiver.#worker.on("message", (frame) => receiver.frames.push(frame));
    context.after(() => receiver.stop());
    return receiver;
  }

  /** Waits until this many frames have come. */
  async have(count) {
    await until(() => this.frames.length >= count, `${count} frames arrive`);
    return this.frames;
  }

  stop() {
    return this.#worker.terminate();
  }
}

if (!isMainThread && workerData?.socket !== undefined) {
  createServer(receive).listen(workerData.socket, () => parentPort.postMessage("listening"));
}

function receive(connection) {
  let held = Buffer.alloc(0);
  connection.on("data", (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0);
      parentPort.postMessage(held.subarray(4, end).toString());
      held = held.subarray(end);
    }
  });
  connection.on("error", () => {});
}
