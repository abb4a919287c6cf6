/**
 * Every number that a call of the library can give, by its name. A number never changes its meaning, and a retired one is never given
 * out again.
 */
export const ERROR_CODES = Object.freeze({
  ok: 0,
  null: 1,
  struct_size: 2,
  flags: 3,
  utf8: 4,
  handle: 5,
  buffer: 6,
  too_many: 7,
  path: 8,
  packed: 9,
  abi: 10,
  no_socket_path: 11,
  missing_field: 20,
  unknown_decision: 21,
  field_too_long: 22,
  operator_name_alone: 23,
  agent_id: 24,
  half_target: 25,
  payload: 26,
  too_large: 27,
  event: 29,
  key: 40,
  order: 41,
  busy_verifier: 42,
  json: 43,
  receipt: 44,
  closed: 100,
  dial: 200,
  busy: 201,
  write: 202,
  no_reply: 203,
  bad_reply: 204,
  transport: 209,
  refused: 300,
  not_valid: 400,
  database: 500,
  panic: 900,
  poisoned: 901,
  internal: 902,
} as const);

/** The name of an error: what `EmitError.code` holds. `unknown` is a number that only a newer library knows. */
export type ErrorCode = keyof typeof ERROR_CODES | "argument" | "unknown";

const NAMES = new Map<number, ErrorCode>(Object.entries(ERROR_CODES).map(([name, number]) => [number, name as ErrorCode]));

/** The name of a number. */
export function nameOf(number: number): ErrorCode {
  return NAMES.get(number) ?? "unknown";
}
