// Our daemon and our command line, as a user runs them: a private daemon in a private folder.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

// Far beyond what a slow machine needs: nothing here measures time, it only refuses to wait for ever.
const DEADLINE_MS = 120_000;

export class Daemon {
  // A socket's path holds about a hundred bytes: not below TMPDIR, which may be long.
  folder = mkdtempSync("/tmp/arn-");
  socket = join(this.folder, "run/events.sock");
  database = join(this.folder, "receipts.db");
  #key = join(this.folder, "signing.key");
  #process;

  /** Starts a daemon with a key of its own; `context` is the test that it ends with. */
  static async start(context) {
    const daemon = new Daemon();
    context.after(() => daemon.remove());
    mkdirSync(join(daemon.folder, "home"));
    daemon.#ran("agent-receipts-daemon", ["--init", "--key", daemon.#key, "--public-key", `${daemon.#key}.pub`]);
    await daemon.run();
    return daemon;
  }

  async run() {
    const given = ["--socket", this.socket, "--db", this.database, "--key", this.#key, "--public-key", `${this.#key}.pub`];
    this.#process = spawn(program("agent-receipts-daemon"), [...given, "--chain-id", "node", "--unsafe-socket-path"], {
      env: this.environment(),
      stdio: "ignore",
    });
    await until(() => answers(this.socket), "the daemon listens");
  }

  /** An environment in which no settings of the machine's user are found. */
  environment() {
    const home = join(this.folder, "home");
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("AGENTRECEIPTS_"));
    return { ...Object.fromEntries(clean), HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home };
  }

  /** Waits until this many receipts are stored, and gives all of them. */
  async receipts(count) {
    const stored = () => this.#ran("agent-receipts", ["export", "--db", this.database]).split("\n").filter(Boolean);
    await until(() => existsSync(this.database) && stored().length >= count, `${count} receipts are stored`);
    return stored().map((line) => JSON.parse(line));
  }

  /** Fails unless the whole database verifies. */
  verify() {
    return this.#ran("agent-receipts", ["verify", "--db", this.database, "--public-key", `${this.#key}.pub`]);
  }

  async stop() {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    this.#process.kill("SIGTERM");
    await until(() => this.#process.exitCode !== null || this.#process.signalCode !== null, "the daemon ends");
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #ran(name, given) {
    const done = spawnSync(program(name), given, { env: this.environment(), encoding: "utf8", timeout: DEADLINE_MS, maxBuffer: 2 ** 28 });
    if (done.status !== 0) throw new Error(`${name} ended with ${done.status}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }
}

/** Waits until `holds` gives true, checking again and again. */
export async function until(holds, what) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came to this: ${what}`);
    await sleep(10);
  }
}

/** Has what this process, its workers and its children leave behind stand in a folder that goes with the test. */
export function leavesNothingBehind(context) {
  process.env.HOME = process.env.XDG_RUNTIME_DIR = process.env.XDG_DATA_HOME = folderFor(context);
}

/** A private folder for one test. */
export function folderFor(context) {
  const folder = mkdtempSync("/tmp/arn-");
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function program(name) {
  const folder = process.env.AGENT_RECEIPTS_BIN_DIR;
  if (!folder) throw new Error("AGENT_RECEIPTS_BIN_DIR is not set: run these tests by `cargo xtask test --only bindings`");
  return join(folder, name);
}

function answers(socket) {
  return new Promise((resolve) => {
    const probe = createConnection(socket, () => resolve(true) ?? probe.destroy());
    probe.on("error", () => resolve(false));
  });
}
