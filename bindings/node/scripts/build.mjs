// Builds the package in place: the types and JavaScript into `dist/`, the library for this machine into `prebuilds/`.
//
// Needs a C compiler (`CC`, or `cc`) and the static library, which `cargo build --package agent-receipts-ffi --profile ffi` makes;
// AGENT_RECEIPTS_LIBRARY names it where it is not `<target>/ffi/libagent_receipts.a`.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const here = resolve(import.meta.dirname, "..");
const checkout = resolve(here, "../..");
const require = createRequire(import.meta.url);

// The library registers with `atexit` and lives in threads: it is never unloaded, whichever worker loaded it first. Its names stay its own.
const LINUX = "-shared -Wl,--gc-sections -Wl,--exclude-libs,ALL -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro -s -lpthread -ldl -lm".split(" ");
const MAC = "-bundle -undefined dynamic_lookup -Wl,-dead_strip -Wl,-x".split(" ");

rmSync(join(here, "dist"), { recursive: true, force: true });
rmSync(join(here, "prebuilds"), { recursive: true, force: true });
run(process.execPath, [require.resolve("typescript/bin/tsc"), "--project", here]);
compile();
for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(checkout, licence), join(here, licence));

function compile() {
  const target = process.env.CARGO_TARGET_DIR ?? join(checkout, "target");
  const library = process.env.AGENT_RECEIPTS_LIBRARY ?? join(target, "ffi/libagent_receipts.a");
  if (!existsSync(library)) {
    throw new Error(`no \`${library}\`: run \`cargo build --package agent-receipts-ffi --profile ffi\` first`);
  }
  const into = join(here, "prebuilds", `${process.platform}-${process.arch}`);
  mkdirSync(into, { recursive: true });
  const sources = readdirSync(join(here, "native")).filter((name) => name.endsWith(".c"));
  run(process.env.CC ?? "cc", [
    ...["-std=c11", "-O2", "-g0", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"],
    ...[`-I${require("node-api-headers").include_dir}`, `-I${join(checkout, "ffi/include")}`],
    ...sources.sort().map((name) => join(here, "native", name)),
    library,
    ...(process.platform === "darwin" ? MAC : LINUX),
    ...["-o", join(into, "agent_receipts.node")],
  ]);
}

function run(program, given) {
  const { status, error } = spawnSync(program, given, { stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) throw new Error(`\`${program}\` ended with ${status}`);
}
