import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Fields } from "./event.js";

/** What a call of the library gives when it fails. */
export interface Failure {
  readonly number: number;
  readonly errorClass: number;
  readonly message: string;
  readonly refusalCode?: string;
  readonly refusalMessage?: string;
}

/** One text of an emitter's options; `undefined` is an absent one. */
export type Text = string | undefined;

/** What is known of an event of which the daemon said that its receipt is on disk. */
export interface Acknowledgement {
  /** The receipt's id. */
  readonly receiptId: string;
  /** The chain that it stands in. */
  readonly chainId: string;
  /** Its place in that chain, from 1. */
  readonly sequence: number;
  /** Its hash, `sha256:` and 64 hex digits. */
  readonly receiptHash: string;
}

/** `libagent_receipts`, as `native/` hands it out. A ticket is a number. */
export interface Library {
  readonly version: string;
  readonly frameVersion: string;
  readonly maxFrame: number;
  /** Every number that the library can give, by its name. */
  readonly errorCodes: Readonly<Record<string, number>>;
  create(socketPath: Text, sessionId: Text, ...identity: [Text, Text, Text, Text]): number | Failure;
  emit(ticket: number, ...fields: Fields): undefined | Failure;
  emitAcknowledged(ticket: number, patienceMs: number, ...fields: Fields): Promise<Acknowledgement | Failure>;
  close(ticket: number): Promise<undefined | Failure>;
  free(ticket: number): Promise<undefined | Failure>;
  dropped(ticket: number): number | Failure;
  sessionId(ticket: number): string | Failure;
  socketPath(ticket: number): string | Failure;
  defaultSocketPath(): string | Failure;
}

/** The library for this machine. */
export const library: Library = load();

function load(): Library {
  const here = `${process.platform}-${process.arch}`;
  const folder = join(__dirname, "..", "prebuilds");
  try {
    return require(join(folder, here, "agent_receipts.node")) as Library;
  } catch (cause) {
    const there = platforms(folder);
    const why = there.includes(here) ? "cannot be loaded" : `is not in this package, which holds: ${there.join(", ") || "none"}`;
    throw new Error(`agentreceipts: the library for ${here} ${why}`, { cause });
  }
}

function platforms(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
