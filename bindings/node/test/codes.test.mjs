import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ERROR_CODES, MAX_FRAME_SIZE, SUPPORTED_FRAME_VERSION, DAEMON_PROTOCOL_RANGE } from "agentreceipts";

const require = createRequire(import.meta.url);
const { library } = require(join(dirname(require.resolve("agentreceipts/package.json")), "dist/native.js"));

test("the package knows every error code of the library by its name and number, and no other", () => {
  assert.deepEqual({ ...ERROR_CODES }, { ...library.errorCodes });
  assert.ok(Object.keys(ERROR_CODES).length > 30);
});

test("constants are those of the protocol", () => {
  assert.equal(MAX_FRAME_SIZE, 1024 * 1024);
  assert.equal(SUPPORTED_FRAME_VERSION, "1");
  assert.deepEqual({ ...DAEMON_PROTOCOL_RANGE }, { min: 1, max: 1 });
  assert.throws(() => {
    DAEMON_PROTOCOL_RANGE.min = 0;
  }, TypeError);
});

test("package and library have one version", () => {
  const { version } = JSON.parse(readFileSync(require.resolve("agentreceipts/package.json")));
  assert.equal(library.version, version);
});

test("the library's own functions throw on what they cannot take, and never crash", () => {
  const bad = [undefined, null, "1", {}, [], Symbol("t"), 1n, () => {}];
  for (const name of ["emit", "emitAcknowledged", "close", "free", "dropped", "sessionId", "socketPath"]) {
    for (const value of bad) assert.throws(() => library[name](value), TypeError, `${name} ${String(value)}`);
    assert.throws(() => library[name](), TypeError);
  }
  assert.throws(() => library.create(7), TypeError);
  // Fields come as number and text, in turn: neither may be missing, of another type, or too many.
  const badFields = [[7], [0, 7], [0, undefined], [0, null], ["sdk", 0], [undefined, "sdk"], [-1, "sdk"], [21, "sdk"], [2 ** 32, "sdk"], [0, "sdk", 2]];
  for (const fields of [...badFields, Array(22).fill([0, "sdk"]).flat(), Array(1_000).fill([0, "sdk"]).flat()]) {
    assert.throws(() => library.emit(1, ...fields), TypeError, fields.join());
    assert.throws(() => library.emitAcknowledged(1, 5, ...fields), TypeError, fields.join());
  }
  assert.throws(() => library.emitAcknowledged(1, -1), TypeError);
  for (const ticket of [0, -1, 1.5, 2 ** 52, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE]) {
    assert.equal(library.emit(ticket, 0, "sdk", 2, "t", 7, "allowed").number, ERROR_CODES.handle);
    assert.equal(library.dropped(ticket).number, ERROR_CODES.handle);
    assert.equal(library.sessionId(ticket).number, ERROR_CODES.handle);
  }
});

test("a ticket that was given back is an error, and so is giving it back twice", async () => {
  const ticket = library.create("/nowhere", "s");
  assert.equal(await library.free(ticket), undefined);
  assert.equal((await library.free(ticket)).number, ERROR_CODES.handle);
  assert.equal((await library.close(ticket)).number, ERROR_CODES.handle);
  assert.equal(library.dropped(ticket).number, ERROR_CODES.handle);
});
