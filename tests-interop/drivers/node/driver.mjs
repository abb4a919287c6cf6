// Does with the Node emitter what one JSON object a line asks for, and answers with one a line: the driver through which
// `tests-interop/test_behaviours.py` holds Node to what holds in every language. It translates, and decides nothing.
//
// It runs in the folder in which the packed package was installed.
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  DaemonEmitter,
  defaultSocketPath,
  EmitCallerError,
  EmitClosedError,
  EmitRefusedError,
  EmitTransportError,
  ERROR_CODES,
} from "agentreceipts";

const emitters = new Map();

if (isMainThread) {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const request = JSON.parse(line);
    if (request.do === "abort") break;
    process.stdout.write(`${JSON.stringify(await answer(request))}\n`);
  }
  // Nobody closes the emitters: what becomes of them at the end of the process is one of the behaviours.
  process.exit(0);
} else {
  await emitAsWorker(workerData);
}

async function answer(request) {
  try {
    return await carriedOut(request);
  } catch (error) {
    return refusal(error);
  }
}

async function carriedOut(request) {
  switch (request.do) {
    case "new":
      emitters.set(request.on, new DaemonEmitter(options(request)));
      return { ok: true };
    case "default_socket_path":
      return { text: defaultSocketPath() };
    case "error_codes":
      return { codes: ERROR_CODES };
  }
  const emitter = emitters.get(request.on);
  if (emitter === undefined) return { fault: `there is no emitter \`${request.on}\`` };
  switch (request.do) {
    case "emit":
      return request.acknowledged_ms === undefined ? told(await emitter.emit(event(request.event))) : acknowledged(emitter, request);
    case "threads":
      return threads(emitter, request);
    case "cost":
      return cost(emitter, request);
    case "session_id":
      return { text: emitter.sessionId };
    case "socket_path":
      return { text: emitter.socketPath };
    case "dropped":
      return { number: emitter.dropped };
    case "close":
      await emitter.close();
      return { ok: true };
    default:
      return { fault: `this driver does not know \`${request.do}\`` };
  }
}

function options({ socket, session, best_effort, identity }) {
  return present({ socketPath: socket, sessionId: session, bestEffort: best_effort, identity: identity && identityOf(identity) });
}

function identityOf({ issuer_name, issuer_model, operator_id, operator_name }) {
  return present({ issuerName: issuer_name, issuerModel: issuer_model, operatorId: operator_id, operatorName: operator_name });
}

function event(given) {
  const { target_system: system, target_resource: resource } = given;
  return present({
    channel: given.channel,
    tool: present({ server: given.tool_server, name: given.tool_name }),
    actionType: given.action_type,
    input: given.input,
    output: given.output,
    error: given.error,
    decision: given.decision,
    ...identityOf(given),
    idempotencyKey: given.idempotency_key,
    correlationId: given.correlation_id,
    agentId: given.agent_id,
    agentType: given.agent_type,
    model: given.model,
    usage: given.usage,
    captureMethod: given.capture_method,
    target: system === undefined && resource === undefined ? undefined : present({ system, resource }),
  });
}

function present(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

async function acknowledged(emitter, request) {
  const ack = await emitter.emitAcknowledged(event(request.event), request.acknowledged_ms);
  if (ack instanceof EmitRefusedError) return { refused: { code: ack.refusalCode, message: ack.refusalMessage } };
  if (ack instanceof Error) return refusal(ack);
  return { ok: true, receipt_id: ack.receiptId, chain_id: ack.chainId, sequence: ack.sequence, receipt_hash: ack.receiptHash };
}

// A thread of Node's is a worker, which has an emitter of its own for the same session.
async function threads({ socketPath, sessionId }, { threads, each, event: given }) {
  const shared = { socketPath, sessionId, threads, each, event: event(given), arrived: new Int32Array(new SharedArrayBuffer(8)) };
  const ends = Array.from({ length: threads }, (_, thread) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { ...shared, thread } });
    return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  });
  const sum = (of) => of.reduce((sum, one) => sum + one, 0);
  const told = await Promise.all(ends);
  return { ok: true, failed: sum(told.map(({ failed }) => failed)), kept: sum(told.map(({ kept }) => kept)) };
}

// All workers begin together. None ends before all are through: another one would tell what it leaves.
async function emitAsWorker({ socketPath, sessionId, threads, each, event, arrived, thread }) {
  const emitter = new DaemonEmitter({ socketPath, sessionId });
  const together = (place) => {
    if (Atomics.add(arrived, place, 1) === threads - 1) Atomics.notify(arrived, place);
    for (let there; (there = Atomics.load(arrived, place)) < threads; ) Atomics.wait(arrived, place, there, 100);
  };
  together(0);
  let failed = 0;
  for (let index = 0; index < each; index++) {
    if ((await emitter.emit({ ...event, correlationId: `${thread}-${index}` })) !== null) failed++;
  }
  together(1);
  parentPort.postMessage({ failed, kept: emitter.dropped });
}

// Around the call and the awaiting of its promise, as whoever looks at the error uses it.
async function cost(emitter, { events, pause_us, event: given }) {
  const prepared = event(given);
  const first = await emitter.emit(prepared);
  if (first !== null) return refusal(first);
  const times = new Float64Array(events);
  for (let n = 0; n < events; n++) {
    const began = process.hrtime.bigint();
    const error = await emitter.emit(prepared);
    const ended = process.hrtime.bigint();
    if (error !== null) return refusal(error);
    times[n] = Number(ended - began) / 1000;
    const rest = ended + BigInt(pause_us) * 1000n;
    while (process.hrtime.bigint() < rest);
  }
  times.sort();
  return { microseconds: [50, 90, 99].map((percent) => times[Math.floor(((events - 1) * percent) / 100)]) };
}

function told(error) {
  return error === null ? { ok: true } : refusal(error);
}

function refusal(error) {
  const classes = { caller: EmitCallerError, closed: EmitClosedError, transport: EmitTransportError };
  const [name = "other"] = Object.entries(classes).find(([, of]) => error instanceof of) ?? [];
  return { error: name, message: error.message };
}
