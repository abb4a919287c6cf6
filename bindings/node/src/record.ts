import { createHash } from "node:crypto";
import type { DaemonEmitter } from "./emitter.js";
import { EmitCallerError, type EmitError } from "./errors.js";
import type { EmitEvent } from "./event.js";

/** Where an integration records to. Whatever becomes of a record, the call that it is of goes on as if there were none. */
export interface RecordOptions {
  /** The emitter, which the program closes itself. */
  emitter: DaemonEmitter;
  /** Told of every event that was not recorded. Otherwise only the emitter's `debugLog` and drop count tell. */
  onError?: (error: EmitError) => void;
}

/**
 * Emits what an integration has seen. An event that the library refuses is sent once more with its payloads replaced by their hash: a call
 * that was made is recorded even if its answer is too long for a frame.
 */
export async function record(options: RecordOptions, event: EmitEvent): Promise<void> {
  let error = await options.emitter.emit(event);
  if (error instanceof EmitCallerError && (event.input !== undefined || event.output !== undefined)) {
    error = await options.emitter.emit({ ...event, input: digest(event.input), output: digest(event.output) } as EmitEvent);
  }
  try {
    if (error !== null) options.onError?.(error);
  } catch {
    // Recording disturbs nobody.
  }
}

/** Any value as JSON text: what JSON cannot say is told in its place. `undefined` if there is nothing to say. */
export function jsonOf(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? member.toString() : member));
    return text !== undefined && text.length > LONGEST ? digest(text) : text;
  } catch (error) {
    return JSON.stringify({ "agentreceipts:unserialisable": messageOf(error) });
  }
}

/** JSON text that came from elsewhere, such as a model: as it is if it is JSON, otherwise as a string of JSON. */
export function jsonTextOf(text: unknown): string | undefined {
  if (typeof text !== "string") return jsonOf(text);
  try {
    JSON.parse(text);
    return text.isWellFormed() && text.length <= LONGEST ? text : jsonOf(text);
  } catch {
    return jsonOf(text);
  }
}

/** What to say of something that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return plain(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));
  } catch {
    return "something was thrown that cannot be told";
  }
}

/** A text that an event can hold, never empty. */
export function plain(text: unknown): string {
  const whole = typeof text === "string" ? text.toWellFormed() : "";
  return whole === "" ? "unknown" : whole.slice(0, 1000).toWellFormed();
}

/** Two payloads of this many characters fit a frame, whatever characters they are. */
const LONGEST = 150_000;

function digest(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const sha256 = createHash("sha256").update(text).digest("hex");
  return JSON.stringify({ "agentreceipts:omitted": { bytes: Buffer.byteLength(text), sha256 } });
}
