#!/bin/sh
# A first session: an "agent" works in a private directory, every act of it is recorded, and then somebody tampers
# with a copy of the record. Run it under a daemon:
#
#   cargo run --release --bin agent-receipts -- run -- sh examples/first-session.sh

set -eu

: "${AGENTRECEIPTS_BIN:?run me under: agent-receipts run -- sh examples/first-session.sh}"
: "${AGENTRECEIPTS_SESSION_ID:?run me under: agent-receipts run -- sh examples/first-session.sh}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"

say() { printf '\n== %s\n' "$*"; }

# Runs a command as it would run anyhow, and has it recorded.
act() {
    printf '$ %s\n' "$*"
    "$AGENTRECEIPTS_BIN" exec --strict -- "$@"
}

say "the agent works: each command is run and recorded"
act mkdir notes
act sh -c 'printf "milk\neggs\n" > notes/list.txt'
act ls -l notes
act grep -n eggs notes/list.txt
if command -v git > /dev/null; then
    act git init --quiet notes
    act git -C notes status --short
fi

say "a command that fails is a receipt, too"
act grep -n caviar notes/list.txt || printf '(exit code %s, recorded as a failure)\n' "$?"

say "a tool call, as an MCP proxy would record it"
"$AGENTRECEIPTS_BIN" emit --channel mcp_proxy --server github --tool create_issue \
    --input '{"repo":"me/shopping","title":"buy eggs"}' --output '{"number":7}' --correlation-id call-1

say "the record, exported and checked"
# The chain of this session: sequence numbers may go back to earlier sessions.
chain=$("$AGENTRECEIPTS_BIN" export --session "$AGENTRECEIPTS_SESSION_ID" |
    sed -n '1s/.*"chain_id":"\([^"]*\)".*/\1/p')
"$AGENTRECEIPTS_BIN" export --chain-id "$chain" -o record.jsonl
"$AGENTRECEIPTS_BIN" verify --file record.jsonl

say "somebody turns the failure in a copy into a success"
sed 's/"status":"failure"/"status":"success"/' record.jsonl > tampered.jsonl
if cmp -s record.jsonl tampered.jsonl; then
    echo "the copy was not changed: there was nothing to tamper with" >&2
    exit 1
fi
if "$AGENTRECEIPTS_BIN" verify --file tampered.jsonl; then
    echo "a tampered record was called valid" >&2
    exit 1
fi
printf '(found; the untouched record is still valid)\n'
