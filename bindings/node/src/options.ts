import { argumentError } from "./errors.js";
import { type Identity, objectOf, textOf } from "./event.js";
import type { Text } from "./native.js";

/** Told of every event that was dropped: a message, and `stage` (`dial`, `write` or another error's name), `socket` and `err`. */
export type DebugLog = (message: string, attrs: Record<string, string>) => void;

/** What may be set about an emitter; nothing must be. */
export interface DaemonEmitterOptions {
  /** The daemon's socket. Otherwise, or if empty, `defaultSocketPath()`. */
  socketPath?: string;
  /** The session that all events belong to. Otherwise, or if empty, a random UUID. */
  sessionId?: string;
  /** Told of every event that was dropped. Otherwise nothing is logged. */
  debugLog?: DebugLog;
  /** Has `emit` resolve to `null` when the daemon was not reached. The event still counts as dropped. */
  bestEffort?: boolean;
  /** Who acts, for all events that do not say otherwise. */
  identity?: Identity;
}

/** Options that were found good. */
export interface Settings {
  readonly texts: [Text, Text, Text, Text, Text, Text];
  readonly debugLog: DebugLog | undefined;
  readonly bestEffort: boolean;
}

/**
 * Judges an emitter's options.
 *
 * @throws EmitCallerError
 */
export function settingsOf(options: unknown): Settings {
  const given = objectOf(options, "the options");
  known(given, ["socketPath", "sessionId", "debugLog", "bestEffort", "identity"], "the options have");
  const { debugLog, bestEffort } = given;
  if (debugLog !== undefined && typeof debugLog !== "function") throw argumentError("`debugLog` is not a function");
  if (bestEffort !== undefined && typeof bestEffort !== "boolean") throw argumentError("`bestEffort` is neither true nor false");
  const identity = given["identity"] === undefined ? {} : objectOf(given["identity"], "`identity`");
  known(identity, ["issuerName", "issuerModel", "operatorId", "operatorName"], "`identity` has");
  const of = (from: Record<string, unknown>, name: string) => short(from[name], name);
  return {
    texts: [
      of(given, "socketPath"),
      of(given, "sessionId"),
      of(identity, "issuerName"),
      of(identity, "issuerModel"),
      of(identity, "operatorId"),
      of(identity, "operatorName"),
    ],
    debugLog: debugLog as DebugLog | undefined,
    bestEffort: bestEffort === true,
  };
}

/** What `native/emitter.c` has room for; no path of a socket and no identity comes near. */
const MAX_OPTION_BYTES = 4000;

function short(value: unknown, name: string): Text {
  if (value === undefined) return undefined;
  const text = textOf(value, name);
  if (Buffer.byteLength(text) > MAX_OPTION_BYTES) throw argumentError(`\`${name}\` is longer than ${MAX_OPTION_BYTES} bytes`);
  return text;
}

function known(members: Record<string, unknown>, names: string[], whose: string): void {
  for (const key of Object.keys(members)) {
    if (!names.includes(key)) throw argumentError(`${whose} an unknown member \`${key}\``);
  }
}
