import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import * as imported from "agentreceipts";
import { receiptsMiddleware } from "agentreceipts/ai";
import { recordToolCalls } from "agentreceipts/mcp";
import { Daemon, folderFor } from "./support/daemon.mjs";

const require = createRequire(import.meta.url);
const PACKAGE = dirname(require.resolve("agentreceipts/package.json"));

test("`import` and `require` give the same things", () => {
  const required = require("agentreceipts");
  assert.deepEqual(Object.keys(imported).sort(), Object.keys(required).sort());
  for (const name of Object.keys(required)) assert.equal(imported[name], required[name], name);
  assert.equal(require("agentreceipts/ai").receiptsMiddleware, receiptsMiddleware);
  assert.equal(require("agentreceipts/mcp").recordToolCalls, recordToolCalls);
});

for (const [who, project] of [["who imports, beside the integrated packages", "tsconfig.json"], ["who requires, checked to the last declaration", "tsconfig.alone.json"]]) {
  test(`the types hold for ${who}`, () => {
    const compiler = require.resolve("typescript/bin/tsc");
    const done = spawnSync(process.execPath, [compiler, "--project", join("types", project)], { cwd: import.meta.dirname, encoding: "utf8" });
    assert.equal(done.status, 0, done.stdout + done.stderr);
  });
}

test("the package has no dependency, no script that runs when it is installed, and no source that would be compiled", () => {
  const manifest = JSON.parse(readFileSync(join(PACKAGE, "package.json")));
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) assert.equal(manifest[kind], undefined);
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) assert.equal(manifest.scripts[script], undefined);
  const files = readdirSync(PACKAGE, { recursive: true });
  assert.deepEqual(files.filter((name) => /\.(c|h|gyp|rs)$/.test(name)), []);
  assert.ok(files.includes(join("prebuilds", `${process.platform}-${process.arch}`, "agent_receipts.node")));
});

test("three lines record a receipt that verifies, from an empty folder", async (context) => {
  const daemon = await Daemon.start(context);
  const folder = folderFor(context);
  mkdirSync(join(folder, "node_modules"));
  cpSync(PACKAGE, join(folder, "node_modules/agentreceipts"), { recursive: true });
  const event = `{ channel: "sdk", tool: { name: "read_file" }, decision: "allowed", input: '{"path":"a.txt"}' }`;
  const esm = [`import { DaemonEmitter } from "agentreceipts";`, `const emitter = new DaemonEmitter();`, `await emitter.emit(${event});`];
  const cjs = [`const { DaemonEmitter } = require("agentreceipts");`, ...esm.slice(1, 2), `emitter.emit(${event});`];
  for (const [name, lines] of [["three.mjs", esm], ["three.cjs", cjs]]) {
    writeFileSync(join(folder, name), lines.join("\n"));
    const env = { ...daemon.environment(), AGENTRECEIPTS_SOCKET: daemon.socket, PATH: "/nowhere" };
    const done = spawnSync(process.execPath, [name], { cwd: folder, env, encoding: "utf8" });
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, "", ""]);
  }
  const receipts = await daemon.receipts(2);
  assert.deepEqual(receipts.map(({ credentialSubject: { chain } }) => chain.sequence), [1, 2]);
  daemon.verify();
});

test("a machine for which there is no library is told so, and which ones there are", (context) => {
  const folder = folderFor(context);
  cpSync(PACKAGE, join(folder, "agentreceipts"), { recursive: true });
  rmSync(join(folder, "agentreceipts/prebuilds", `${process.platform}-${process.arch}`), { recursive: true });
  mkdirSync(join(folder, "agentreceipts/prebuilds/plan9-mips"));
  assert.throws(() => require(join(folder, "agentreceipts")), (error) => {
    return error.message === `agentreceipts: the library for ${process.platform}-${process.arch} is not in this package, which holds: plan9-mips`;
  });
});
