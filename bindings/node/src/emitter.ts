import { ERROR_CODES } from "./codes.js";
import { argumentError, EmitClosedError, EmitError, EmitTransportError, errorOf } from "./errors.js";
import { type EmitEvent, fieldsOf } from "./event.js";
import { Lane } from "./lane.js";
import { type Acknowledgement, type Failure, library } from "./native.js";
import { type DaemonEmitterOptions, type DebugLog, settingsOf } from "./options.js";

/**
 * Sends events to the daemon. Connects when the first event is sent, and again with the next one after a failure.
 *
 * An event that does not get through is lost and counted, and the count goes out with the next event that does. What was not told when
 * the emitter is closed or the process ends is left for the next emitter of the same session.
 *
 * A worker thread makes an emitter of its own; with the same `sessionId` it is the same session.
 */
export class DaemonEmitter {
  /** The session that all events belong to, for as long as the emitter exists. */
  readonly sessionId: string;
  /** The daemon's socket that the emitter sends to. */
  readonly socketPath: string;
  readonly #ticket: number;
  readonly #bestEffort: boolean;
  readonly #debugLog: DebugLog | undefined;
  #closed: Promise<void> | undefined;

  /** @throws EmitCallerError if the options cannot be taken. Touches neither the socket nor a file. */
  constructor(options: DaemonEmitterOptions = {}) {
    const { texts, debugLog, bestEffort } = settingsOf(options);
    const [socketPath, sessionId, ...identity] = texts;
    this.#ticket = valueOf(library.create(socketPath, sessionId, ...identity));
    this.#bestEffort = bestEffort;
    this.#debugLog = debugLog;
    ABANDONED.register(this, this.#ticket);
    this.sessionId = valueOf(library.sessionId(this.#ticket));
    this.socketPath = valueOf(library.socketPath(this.#ticket));
  }

  /**
   * Sends one event. Resolves to `null` when the kernel has it, or to an `EmitError`; never throws and never rejects.
   *
   * The event is on its way when this returns: nothing has to be awaited but the error. It holds the event loop for the write of one frame,
   * some microseconds, and, whatever the daemon does, no longer than 25 ms to connect and 100 ms to write.
   */
  emit(event: EmitEvent): Promise<EmitError | null> {
    return Promise.resolve(this.#send(event));
  }

  /**
   * Sends one event and waits, off the event loop, at most `patienceMs` in all for the daemon to say what became of it. The receipt of an
   * acknowledged event is on disk. Resolves to an `EmitError` otherwise; never throws and never rejects.
   *
   * `bestEffort` has no effect here. After a `no_reply` nobody knows whether there is a receipt.
   */
  async emitAcknowledged(event: EmitEvent, patienceMs = 5000): Promise<Acknowledgement | EmitError> {
    const began = performance.now();
    try {
      if (typeof patienceMs !== "number" || !(patienceMs >= 0 && patienceMs <= MAX_PATIENCE_MS)) {
        throw argumentError(`\`patienceMs\` is not a number from 0 to ${MAX_PATIENCE_MS}`);
      }
      if (this.#closed !== undefined) return closedError();
      const fields = fieldsOf(event);
      const outcome = await WAITING.run(() => {
        const left = Math.max(0, Math.ceil(patienceMs - (performance.now() - began)));
        return library.emitAcknowledged(this.#ticket, left, ...fields);
      });
      if (!("number" in outcome)) return outcome;
      const error = errorOf(outcome);
      if (error instanceof EmitTransportError && !UNCOUNTED.has(error.number)) void this.#tell(error);
      return error;
    } catch (error) {
      return caught(error);
    }
  }

  /** How many events were lost and not yet told to the daemon. */
  get dropped(): number {
    return valueOf(library.dropped(this.#ticket));
  }

  /**
   * Hangs up, off the event loop, and leaves what was not told for the next emitter of the session. Later events are an `EmitClosedError`.
   * May be called again; never rejects. A process that ends closes its emitters by itself.
   */
  close(): Promise<void> {
    this.#closed ??= CLOSING.run(() => library.close(this.#ticket)).then(() => undefined);
    return this.#closed;
  }

  /** `await using emitter = new DaemonEmitter()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(event: unknown): EmitError | null {
    try {
      if (this.#closed !== undefined) return closedError();
      const failure = library.emit(this.#ticket, ...fieldsOf(event));
      if (failure === undefined) return null;
      const error = errorOf(failure);
      if (!(error instanceof EmitTransportError)) return error;
      void this.#tell(error);
      return this.#bestEffort ? null : error;
    } catch (error) {
      return caught(error);
    }
  }

  async #tell(error: EmitTransportError): Promise<void> {
    try {
      await this.#debugLog?.("agent-receipts emitter dropped event", { stage: error.code, socket: this.socketPath, err: error.message });
    } catch {
      // Whoever logs must not turn a lost event into a failure of the program.
    }
  }
}

/**
 * The socket that the daemon and emitters use when none is named: from `AGENTRECEIPTS_SOCKET`, `XDG_RUNTIME_DIR`, or on macOS
 * `XDG_DATA_HOME` and `HOME`, as they stand in the environment of the process.
 *
 * @throws EmitCallerError if this system has none.
 */
export function defaultSocketPath(): string {
  return valueOf(library.defaultSocketPath());
}

/** The most bytes that one event may take on the wire. */
export const MAX_FRAME_SIZE: number = library.maxFrame;

/** The version of the frames that are written. */
export const SUPPORTED_FRAME_VERSION: string = library.frameVersion;

/** The versions of frames that this package can speak to a daemon, both ends included. */
export const DAEMON_PROTOCOL_RANGE: Readonly<{ min: number; max: number }> = Object.freeze({
  min: Number(library.frameVersion),
  max: Number(library.frameVersion),
});

/** Node's pool has four threads by default, which files and names are read on as well. */
const WAITING = new Lane(2);
/** Ends wait for files, each a moment, and not for acknowledgements. */
const CLOSING = new Lane(1);

const MAX_PATIENCE_MS = 2 ** 31 - 1;

/** Transport failures by which nothing was dropped, as far as anybody knows. */
const UNCOUNTED: ReadonlySet<number> = new Set([ERROR_CODES.no_reply, ERROR_CODES.bad_reply]);

/** Gives back what was forgotten, without holding the event loop. */
const ABANDONED = new FinalizationRegistry<number>((ticket) => void CLOSING.run(() => library.free(ticket)));

function closedError(): EmitClosedError {
  return new EmitClosedError("the emitter is closed", "closed", ERROR_CODES.closed);
}

/** Whatever an event's getters or proxies threw is the caller's. */
function caught(error: unknown): EmitError {
  if (error instanceof EmitError) return error;
  try {
    return argumentError(`the event could not be read: ${String(error instanceof Error ? error.message : error)}`);
  } catch {
    return argumentError("the event could not be read");
  }
}

function valueOf<T extends number | string>(value: T | Failure): T {
  if (typeof value === "object") throw errorOf(value);
  return value;
}
