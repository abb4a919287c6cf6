/// One crate of the workspace and what its dependency closure may hold.
///
/// `may_reach` binds the normal and build dependencies and all that they depend on; `tests_may_also_reach`
/// widens it for development dependencies alone.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The crate's name.
    pub name: &'static str,
    /// Workspace crates that its closure may hold.
    pub may_reach: &'static [&'static str],
    /// Workspace crates that only its tests may use besides.
    pub tests_may_also_reach: &'static [&'static str],
    /// External crates that its closure must not hold, in named groups.
    pub never: &'static [&'static [&'static str]],
}

/// One crate built with certain features only, as a user would embed it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The crate's name.
    pub name: &'static str,
    /// The only features that are on.
    pub features: &'static [&'static str],
    /// Every crate, ours or not, that must be absent.
    pub never: &'static [&'static [&'static str]],
}

/// The house, from the bottom up. A crate that is not listed, or listed and gone, is a breach.
pub const HOUSE: &[Room] = &[
    // Meaning: what a receipt is. No file, socket, clock, randomness.
    Room {
        name: CORE,
        may_reach: &[],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, DATABASES, SYSTEM, RANDOMNESS],
    },
    // Mechanism: siblings that do not know each other.
    Room {
        name: KEYSOURCE,
        may_reach: &[CORE],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, DATABASES, SOCKETS],
    },
    Room {
        name: STORE,
        may_reach: &[],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, SIGNATURES, SOCKETS],
    },
    // Time stamps know nothing of receipts: a hash goes in, a time comes out. No file, socket, clock, randomness.
    Room {
        name: TIMESTAMP,
        may_reach: &[],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, DATABASES, SYSTEM, RANDOMNESS],
    },
    Room { name: IPC, may_reach: &[CORE], tests_may_also_reach: &[], never: &[RUNTIMES, NETWORK, DATABASES] },
    // Policy: the order of receipts. No file, socket, database, clock; its tests read databases of the reference.
    Room {
        name: CHAIN,
        may_reach: &[CORE],
        tests_may_also_reach: &[STORE, KEYSOURCE],
        never: &[RUNTIMES, NETWORK, DATABASES, SYSTEM],
    },
    // Processes: the one that holds the key speaks to a Unix socket and a database file, and to nothing else.
    Room {
        name: DAEMON,
        may_reach: &[CORE, KEYSOURCE, STORE, IPC, CHAIN],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK],
    },
    // The one that speaks to networks: it reads the database, holds no key, and nobody links it.
    Room {
        name: "agent-receipts-anchor",
        may_reach: &[CORE, STORE, TIMESTAMP, CHAIN],
        tests_may_also_reach: &[],
        never: &[OTHER_CLIENTS],
    },
    Room {
        name: CLI,
        may_reach: &[CORE, KEYSOURCE, STORE, IPC, CHAIN, TIMESTAMP],
        tests_may_also_reach: &[DAEMON],
        never: &[RUNTIMES, NETWORK],
    },
    // Translates what a host says into events: it can only ask.
    Room {
        name: "agent-receipts-hook",
        may_reach: &[CORE, IPC],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, DATABASES],
    },
    // Stands between an agent and a server, and so speaks to networks; it can only ask the daemon.
    Room {
        name: "agent-receipts-mcp",
        may_reach: &[CORE, IPC],
        tests_may_also_reach: &[],
        never: &[DATABASES, OTHER_CLIENTS],
    },
    // Every other language's door: the emitter, and with the feature `verifier` what verifies. Never what signs or serves.
    Room {
        name: FFI,
        may_reach: &[CORE, IPC, CHAIN, STORE],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK],
    },
    // For programs that log with `tracing`: it can only emit.
    Room {
        name: TRACING,
        may_reach: &[CORE, IPC],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK, DATABASES],
    },
    // Beside the house.
    Room {
        name: "agent-receipts-examples",
        may_reach: &[CORE, KEYSOURCE, STORE, IPC, CHAIN],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK],
    },
    Room {
        name: "agent-receipts-benches",
        may_reach: &[CORE, KEYSOURCE, STORE, IPC, CHAIN, DAEMON],
        tests_may_also_reach: &[],
        never: &[NETWORK],
    },
    // What Rust is held to the behaviours of every language by: the emitter, and the numbers of errors.
    Room {
        name: "agent-receipts-driver",
        // The last two by a feature of the C interface that the driver leaves out; this graph is that of all features.
        may_reach: &[CORE, IPC, FFI, CHAIN, STORE],
        tests_may_also_reach: &[],
        never: &[RUNTIMES, NETWORK],
    },
    Room { name: "xtask", may_reach: &[], tests_may_also_reach: &[], never: &[RUNTIMES, NETWORK] },
];

/// What somebody links who only wants a part. Feature unification in a workspace would hide these.
pub const VIEWS: &[View] = &[
    View {
        name: IPC,
        features: &["client"],
        never: &[RUNTIMES, NETWORK, DATABASES, SIGNATURES, OPERATORS, &[STORE, CHAIN, KEYSOURCE, DAEMON]],
    },
    // What every program in C, Python, Node or Go loads to emit.
    View {
        name: FFI,
        features: &["emitter"],
        never: &[RUNTIMES, NETWORK, DATABASES, SIGNATURES, OPERATORS, &[STORE, CHAIN, KEYSOURCE, DAEMON]],
    },
    View {
        name: TRACING,
        features: &[],
        never: &[RUNTIMES, NETWORK, DATABASES, SIGNATURES, &[STORE, CHAIN, KEYSOURCE, DAEMON]],
    },
    View {
        name: CORE,
        features: &[],
        never: &[RUNTIMES, NETWORK, DATABASES, SIGNATURES, SYSTEM, RANDOMNESS],
    },
];

const CORE: &str = "agent-receipts-core";
const KEYSOURCE: &str = "agent-receipts-keysource";
const STORE: &str = "agent-receipts-store";
const TIMESTAMP: &str = "agent-receipts-timestamp";
const IPC: &str = "agent-receipts-ipc";
const CHAIN: &str = "agent-receipts-chain";
const DAEMON: &str = "agent-receipts-daemon";
const FFI: &str = "agent-receipts-ffi";
const TRACING: &str = "agent-receipts-tracing";
const CLI: &str = "agent-receipts-cli";

const RUNTIMES: &[&str] =
    &["tokio", "async-std", "smol", "async-io", "mio", "monoio", "glommio", "async-executor"];
/// TCP, HTTP, TLS and name resolution, by whatever name.
const NETWORK: &[&str] = &[
    "actix-web",
    "attohttpc",
    "axum",
    "curl",
    "curl-sys",
    "h2",
    "h3",
    "hickory-resolver",
    "hyper",
    "isahc",
    "minreq",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "socket2",
    "tiny_http",
    "tonic",
    "tungstenite",
    "ureq",
    "warp",
    "schannel",
    "security-framework",
    "s2n-tls",
    "boring",
];
/// HTTP and TLS by other hands than those that the anchor's limits are set for.
const OTHER_CLIENTS: &[&str] = &[
    "reqwest",
    "curl",
    "native-tls",
    "openssl",
    "openssl-sys",
    "aws-lc-sys",
    "isahc",
    "attohttpc",
    "minreq",
];
const DATABASES: &[&str] = &["rusqlite", "libsqlite3-sys", "sqlx", "sled", "redb", "rocksdb", "lmdb"];
const SOCKETS: &[&str] = &["interprocess"];
/// Safe doors to the operating system. (`libc` and `getrandom` stand below ring and are judged by the source.)
const SYSTEM: &[&str] = &["rustix", "nix", "interprocess", "signal-hook", "tempfile", "memmap2", "chrono"];
/// (`rand_core` is traits only; who implements them decides.)
const RANDOMNESS: &[&str] = &["rand", "uuid", "fastrand"];
const SIGNATURES: &[&str] = &["ring", "ed25519-dalek", "ed25519", "aws-lc-rs", "sha2"];
/// What only a process of the operator needs.
const OPERATORS: &[&str] = &["clap", "indicatif", "toml", "serde_json", "signal-hook", "nix"];
