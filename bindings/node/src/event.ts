import { argumentError } from "./errors.js";
import type { Text } from "./native.js";

/** The tool that was called. */
export interface EmitTool {
  /** The server that owns the tool. */
  server?: string;
  /** The tool's name. */
  name: string;
}

/** What was acted upon: both or none. */
export interface EmitTarget {
  /** The system, such as `filesystem`; at most 256 bytes. */
  system: string;
  /** The resource, such as a path; at most 4,096 bytes. */
  resource: string;
}

/** Who acts; at most 256 bytes each. */
export interface Identity {
  issuerName?: string;
  issuerModel?: string;
  operatorId?: string;
  /** Only with `operatorId`. */
  operatorName?: string;
}

/** One event. What it says of the identity wins over the emitter's, member by member. */
export interface EmitEvent extends Identity {
  /** The kind of emitter, such as `sdk`. */
  channel: string;
  tool: EmitTool;
  decision: "allowed" | "denied" | "pending";
  /** The tool's parameters: JSON text, which goes out byte for byte. */
  input?: string;
  /** The tool's response: JSON text, which goes out byte for byte. */
  output?: string;
  /** What went wrong. */
  error?: string;
  /** The action type, where it is better known than as `channel.server.tool`. */
  actionType?: string;
  /** The key by which a repetition is known; at most 256 bytes, as all that follow. */
  idempotencyKey?: string;
  /** What ties this event to others. */
  correlationId?: string;
  /** The agent whose own chain this belongs to. */
  agentId?: string;
  agentType?: string;
  /** The model that acted. */
  model?: string;
  /** What the model used up: JSON text, which goes out byte for byte. */
  usage?: string;
  /** How the event was captured. */
  captureMethod?: string;
  target?: EmitTarget;
}

/** Where each member stands in the library's order. */
const FIELDS: Readonly<Record<string, number>> = Object.freeze({
  channel: 0,
  actionType: 3,
  input: 4,
  output: 5,
  error: 6,
  decision: 7,
  issuerName: 8,
  issuerModel: 9,
  operatorId: 10,
  operatorName: 11,
  idempotencyKey: 12,
  correlationId: 13,
  agentId: 14,
  agentType: 15,
  model: 16,
  usage: 17,
  captureMethod: 18,
});
const TOOL: Readonly<Record<string, number>> = Object.freeze({ server: 1, name: 2 });
const TARGET: Readonly<Record<string, number>> = Object.freeze({ system: 19, resource: 20 });
const COUNT = 21;

/**
 * The fields of an event, in the library's order. What the members mean is judged by the library; here, only what it could not see.
 *
 * @throws EmitCallerError for what is no text, for a text that is not Unicode, and for a member that does not exist.
 */
export function fieldsOf(event: unknown): Text[] {
  const fields = new Array<Text>(COUNT).fill(undefined);
  const members = objectOf(event, "the event");
  for (const key of Object.keys(members)) {
    const value = members[key];
    if (value === undefined) continue;
    if (key === "tool") place(objectOf(value, "`tool`"), TOOL, "tool.", fields);
    else if (key === "target") place(objectOf(value, "`target`"), TARGET, "target.", fields);
    else placeOne(key, value, FIELDS, "", fields);
  }
  return fields;
}

/** `value` as text, if it is text that can be said in UTF-8. */
export function textOf(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw argumentError(`\`${name}\` is ${value === null ? "null" : `of type ${typeof value}`}, not a string${hint(name)}`);
  }
  if (!value.isWellFormed()) throw argumentError(`\`${name}\` holds half of a surrogate pair, which no UTF-8 can say`);
  return value;
}

/** `value` as an object whose members can be looked at. */
export function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw argumentError(`${name} is not an object`);
  }
  return value as Record<string, unknown>;
}

function place(members: Record<string, unknown>, table: Readonly<Record<string, number>>, prefix: string, into: Text[]): void {
  for (const key of Object.keys(members)) {
    const value = members[key];
    if (value !== undefined) placeOne(key, value, table, prefix, into);
  }
}

function placeOne(key: string, value: unknown, table: Readonly<Record<string, number>>, prefix: string, into: Text[]): void {
  const field = Object.hasOwn(table, key) ? table[key] : undefined;
  if (field === undefined) throw argumentError(`the event has an unknown member \`${prefix}${key}\``);
  into[field] = textOf(value, prefix + key);
}

function hint(name: string): string {
  return name === "input" || name === "output" || name === "usage" ? ": give JSON text, as JSON.stringify makes it" : "";
}
