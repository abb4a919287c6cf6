import { createHash } from "node:crypto";
import type { DaemonEmitter } from "./emitter.js";
import { argumentError, EmitCallerError, type EmitError } from "./errors.js";
import { type EmitEvent, objectOf } from "./event.js";

/** Where an integration records to. Whatever becomes of a record, the call that it is of goes on as if there were none. */
export interface RecordOptions {
  /** The emitter, which the program closes itself. */
  emitter: DaemonEmitter;
  /** Told of every event that was not recorded. Otherwise only the emitter's `debugLog` and drop count tell. */
  onError?: (error: EmitError) => void;
}

/**
 * Options that an integration can record by; told when it is set up, and not by the first call.
 *
 * @throws EmitCallerError
 */
export function checked<Options extends RecordOptions>(options: Options): Options {
  const { emitter, onError } = objectOf(options, "the options") as Partial<RecordOptions>;
  if (typeof emitter?.emit !== "function") throw argumentError("`emitter` is no DaemonEmitter");
  if (onError !== undefined && typeof onError !== "function") throw argumentError("`onError` is not a function");
  return options;
}

/**
 * Emits what an integration has seen. An event that the library refuses is sent once more with its payloads replaced by their hash: a call
 * that was made is recorded even if its answer is too long for a frame. Never throws and never rejects, whatever `seen` and `onError` do.
 */
export async function record({ emitter, onError }: RecordOptions, seen: () => EmitEvent): Promise<void> {
  try {
    const event = seen();
    let error = await emitter.emit(event);
    if (error instanceof EmitCallerError && (event.input !== undefined || event.output !== undefined)) {
      error = await emitter.emit({ ...event, input: digest(event.input), output: digest(event.output) } as EmitEvent);
    }
    // Whoever is told may answer by a promise, whose failure nobody else would take.
    if (error !== null) await onError?.(error);
  } catch {
    // Recording disturbs nobody.
  }
}

/** Any value as JSON text: what JSON cannot say is told in its place. `undefined` if there is nothing to say. */
export function jsonOf(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value, (_, member: unknown) => sayable(member));
    return text !== undefined && text.length > LONGEST ? digest(text) : text;
  } catch (error) {
    return JSON.stringify({ "agentreceipts:unserialisable": messageOf(error) });
  }
}

/** What JSON would leave out without a word, in words. */
function sayable(member: unknown): unknown {
  if (typeof member === "bigint") return member.toString();
  if (typeof member === "number" && !Number.isFinite(member)) return { "agentreceipts:unserialisable": String(member) };
  if (member instanceof Map) return { "agentreceipts:map": [...member] };
  if (member instanceof Set) return { "agentreceipts:set": [...member] };
  return member instanceof Error ? { "agentreceipts:error": messageOf(member) } : member;
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

/** A text that somebody else has made, as a field of 256 bytes can hold it: a longer one by its hash. */
export function within(text: unknown): string {
  const whole = typeof text === "string" && text !== "" ? text.toWellFormed() : "unknown";
  return Buffer.byteLength(whole) <= MAX_TEXT ? whole : `sha256:${sha256Of(whole)}`;
}

/** What the protocol allows for most texts, in bytes. */
const MAX_TEXT = 256;

/** Two payloads of this many characters fit a frame, whatever characters they are. */
const LONGEST = 150_000;

function digest(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return JSON.stringify({ "agentreceipts:omitted": { bytes: Buffer.byteLength(text), sha256: sha256Of(text) } });
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
