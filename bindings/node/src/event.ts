import { argumentError, type EmitCallerError } from "./errors.js";

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

/** What is given of an event: the number of a field, in the library's order, and its text, in turn. */
export type Fields = Array<number | string>;

/**
 * The fields of an event. What they mean is judged by the library; here, only what it could not see.
 *
 * @throws EmitCallerError for what is no text, for a text that is not Unicode, and for a member that does not exist.
 */
export function fieldsOf(event: unknown): Fields {
  const fields: Fields = [];
  place(event, EVENT, fields);
  return fields;
}

/** `value` as text, if it is text that can be said in UTF-8. */
export function textOf(value: unknown, name: string): string {
  if (typeof value !== "string" || !value.isWellFormed()) throw noText(value, name);
  return value;
}

/** `value` as an object whose members can be looked at. */
export function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw argumentError(`${name} is not an object`);
  }
  return value as Record<string, unknown>;
}

/** The members that an object may have: where a text stands in the library's order, or what an object may have in its turn. */
interface Known {
  readonly name: string;
  readonly prefix: string;
  readonly members: ReadonlyMap<string, number | Known>;
}

const TOOL: Known = { name: "`tool`", prefix: "tool.", members: new Map([["server", 1], ["name", 2]]) };
const TARGET: Known = { name: "`target`", prefix: "target.", members: new Map([["system", 19], ["resource", 20]]) };
const EVENT: Known = {
  name: "the event",
  prefix: "",
  members: new Map<string, number | Known>([
    ["channel", 0],
    ["tool", TOOL],
    ["actionType", 3],
    ["input", 4],
    ["output", 5],
    ["error", 6],
    ["decision", 7],
    ["issuerName", 8],
    ["issuerModel", 9],
    ["operatorId", 10],
    ["operatorName", 11],
    ["idempotencyKey", 12],
    ["correlationId", 13],
    ["agentId", 14],
    ["agentType", 15],
    ["model", 16],
    ["usage", 17],
    ["captureMethod", 18],
    ["target", TARGET],
  ]),
};

// What an event costs in JavaScript, it costs here, mostly before V8 optimises: hence no iterator, and no name that nobody reads.
function place(value: unknown, known: Known, into: Fields): void {
  const members = objectOf(value, known.name);
  const places = known.members;
  const keys = Object.keys(members);
  for (let n = 0; n < keys.length; n++) {
    const key = keys[n] as string;
    const member = members[key];
    if (member === undefined) continue;
    const field = places.get(key);
    if (typeof field === "number") {
      if (typeof member !== "string" || !member.isWellFormed()) throw noText(member, known.prefix + key);
      into.push(field, member);
    } else if (field !== undefined) place(member, field, into);
    else throw argumentError(`the event has an unknown member \`${known.prefix}${key}\``);
  }
}

function noText(value: unknown, name: string): EmitCallerError {
  if (typeof value === "string") return argumentError(`\`${name}\` holds half of a surrogate pair, which no UTF-8 can say`);
  return argumentError(`\`${name}\` is ${value === null ? "null" : `of type ${typeof value}`}, not a string${hint(name)}`);
}

function hint(name: string): string {
  return name === "input" || name === "output" || name === "usage" ? ": give JSON text, as JSON.stringify makes it" : "";
}
