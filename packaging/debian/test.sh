#!/usr/bin/env bash
# Installs the package that is named, on this machine, and leaves it as it was. Nothing is started but what is stopped again;
# no systemd has to run: its own tool passes the socket, and the daemon runs by the unit's own command line.
set -euo pipefail

package=$1
passed=0
daemon=
work=
data=/var/lib/agentreceipts
socket=/run/agentreceipts/events.sock
settings=/etc/agentreceipts/daemon.toml
aside=/run/agentreceipts.aside-$$
agent=artest-agent
auditor=artest-auditor

fail() { printf 'test %s ... FAILED: %s\n' "$now" "$*"; exit 1; }
begin() { now=$1; }
ok() { printf 'test %s ... ok\n' "$now"; passed=$((passed + 1)); }
must() { "$@" || fail "$*"; }
must_not() { if "$@" >/dev/null 2>&1; then fail "this succeeded: $*"; fi; }
accounts() { cat /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid /etc/subgid 2>/dev/null | sha256sum; }

# A user of this machine, with the groups that it has.
as() { local user=$1; shift; setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups env -i PATH=/usr/bin:/bin HOME=/nonexistent "$@"; }

wait_for() { # what, the command that shows it
  local what=$1 i; shift
  for ((i = 0; i < 600; i++)); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
  fail "waited in vain for $what"
}

end_daemon() {
  if [ -n "$daemon" ]; then
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
  fi
}

clean_up() {
  local status=$?
  set +e
  end_daemon
  if [ "$installed" = yes ]; then
    dpkg --purge agent-receipts >/dev/null 2>&1
    rm -rf "$data" /run/agentreceipts /etc/agentreceipts
    for user in "$agent" "$auditor" agentreceipts; do id "$user" >/dev/null 2>&1 && userdel "$user"; done
    for group in "$agent" "$auditor" agentreceipts agentreceipts-read; do getent group "$group" >/dev/null && groupdel "$group"; done
  fi
  if [ -e "$aside" ]; then mv "$aside" /run/agentreceipts; fi
  [ -n "$work" ] && rm -rf "$work"
  if [ $status -ne 0 ]; then printf '\ntest result: FAILED. %s passed; 1 failed; 0 ignored\n' "$passed"; fi
  exit $status
}
installed=no
now=preparation
trap clean_up EXIT

# A machine that has the package, or anything of its name, is not ours to try things on.
for path in "$data" "$socket" /etc/agentreceipts /usr/bin/agent-receipts /usr/bin/agent-receipts-daemon /usr/bin/agent-receipts-{anchor,hook,mcp}; do
  [ ! -e "$path" ] || fail "$path is there already: nothing was touched"
done
for user in agentreceipts "$agent" "$auditor"; do
  if getent passwd "$user" >/dev/null || getent group "$user" >/dev/null; then fail "$user is there already: nothing was touched"; fi
done
must_not getent group agentreceipts-read
before=$(accounts)
work=$(mktemp -d)
# What a daemon that somebody started by hand left behind comes back in the end.
if [ -e /run/agentreceipts ]; then mv /run/agentreceipts "$aside"; fi

begin the_package_installs
installed=yes
must dpkg --install "$package" >"$work/install.log" 2>&1 || { cat "$work/install.log"; fail "dpkg --install"; }
ok

begin users_folders_and_key_are_as_they_should_be
[ "$(id -gn agentreceipts)" = agentreceipts ] || fail "the daemon's group"
[ "$(stat -c '%U:%G %a' "$data")" = 'agentreceipts:agentreceipts-read 750' ] || fail "the folder of the data"
[ "$(stat -c '%U:%G %a' "$data/signing.key")" = 'agentreceipts:agentreceipts-read 600' ] || fail "the signing key"
[ "$(stat -c '%a' "$data/signing.key.pub")" = 644 ] || fail "the public key"
[ "$(stat -c '%U %a' "$settings")" = 'root 644' ] || fail "the settings"
ok

begin the_installed_units_pass_the_checker
said=$(systemd-analyze verify --man=no /usr/lib/systemd/system/agent-receipts-{daemon.service,daemon.socket,anchor.service} 2>&1) || fail "$said"
[ -z "$said" ] || fail "$said"
ok

begin manual_and_completions_are_there
for page in man1/agent-receipts.1 man1/agent-receipts-verify.1 man8/agent-receipts-daemon.8; do
  must gzip --test "/usr/share/man/$page.gz"
done
must bash -n /usr/share/bash-completion/completions/agent-receipts
ok

begin a_second_installation_keeps_the_key
key=$(sha256sum "$data/signing.key")
must dpkg --install "$package" >/dev/null 2>&1
[ "$(sha256sum "$data/signing.key")" = "$key" ] || fail "the key has changed"
ok

# The socket as the socket unit has it, the daemon as the service unit runs it.
must useradd --system --no-create-home --groups agentreceipts "$agent"
must useradd --system --no-create-home --groups agentreceipts-read "$auditor"
exec_start=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/agent-receipts-daemon.service)
# shellcheck disable=SC2086 # a command line
systemd-socket-activate --listen="$socket" \
  setpriv --reuid agentreceipts --regid agentreceipts-read --init-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
  $exec_start >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for "the socket" test -S "$socket"
chown agentreceipts:agentreceipts "$socket"
chmod 0660 "$socket"

begin a_member_of_the_group_records_and_is_named
must as "$agent" AGENTRECEIPTS_SOCKET="$socket" agent-receipts emit --tool hello --json >"$work/emitted" 2>"$work/error" ||
  { cat "$work/daemon.log" "$work/error"; fail "emit"; }
must as "$auditor" AGENTRECEIPTS_CONFIG="$settings" agent-receipts list --json >"$work/list"
grep -q "did:user:$agent" "$work/list" || fail "the receipt does not name $agent: $(cat "$work/list")"
ok

begin a_hook_records_what_the_host_says
printf '{"hook_event_name":"PreToolUse","session_id":"s1","tool_name":"Bash","tool_input":{}}' >"$work/said"
must as "$agent" AGENTRECEIPTS_SOCKET="$socket" agent-receipts-hook --strict --patience 60000 <"$work/said"
hooked() { as "$auditor" AGENTRECEIPTS_CONFIG="$settings" agent-receipts list --json | grep -q system.command.execute; }
wait_for "the hook's receipt" hooked
ok

begin a_wrapped_servers_call_is_recorded
# A server that answers whatever it is asked.
cat >"$work/server" <<'SERVER'
while read -r line; do printf '{"jsonrpc":"2.0","id":1,"result":{}}\n'; done
SERVER
chmod 755 "$work" && chmod 644 "$work/server"
printf '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello_mcp","arguments":{}}}\n' >"$work/said"
must as "$agent" AGENTRECEIPTS_SOCKET="$socket" agent-receipts-mcp --strict --patience 60000 --name greeter -- sh "$work/server" <"$work/said" >"$work/heard"
grep -q '"result":{}' "$work/heard" || fail "the client heard: $(cat "$work/heard")"
proxied() { [ "$(as "$auditor" AGENTRECEIPTS_CONFIG="$settings" agent-receipts list --json | grep -c hello_mcp)" -ge 2 ]; }
wait_for "the proxy's receipts" proxied
ok

begin the_daemon_is_another_user_and_confined
[ "$(stat -c %U "/proc/$daemon")" != "$agent" ] || fail "the daemon runs as the agent"
grep -q '^Seccomp:[[:space:]]*2' "/proc/$daemon/status" || fail "no seccomp"
grep -q 'sandbox: Landlock' "$work/daemon.log" || fail "no Landlock: $(cat "$work/daemon.log")"
ok

begin others_neither_record_nor_read
must_not as nobody AGENTRECEIPTS_SOCKET="$socket" agent-receipts emit --tool hello
must_not as "$agent" cat "$data/receipts.db"
must_not as "$auditor" cat "$data/signing.key"
must_not as "$agent" cat "$data/signing.key"
ok

begin an_auditor_verifies
must as "$auditor" AGENTRECEIPTS_CONFIG="$settings" agent-receipts verify >"$work/verdict"
grep -q VALID "$work/verdict" || fail "$(cat "$work/verdict")"
ok

begin the_daemon_ends_well
kill -TERM "$daemon"
status=0; wait "$daemon" || status=$?
daemon=
[ $status -eq 0 ] || { cat "$work/daemon.log"; fail "exit $status"; }
must as "$auditor" AGENTRECEIPTS_CONFIG="$settings" agent-receipts verify >/dev/null
ok

begin an_anchor_delivers_to_readers_what_the_daemon_signed
paper=$(mktemp -d)
cat >"$paper/anchor.toml" <<EOF
db = "$data/receipts.db"
public_key = "$data/signing.key.pub"
state = "$paper/state"
[[sink]]
name = "paper"
kind = "file"
EOF
chown -R "$auditor" "$paper"
must as "$auditor" agent-receipts anchor --config "$paper/anchor.toml" --once 2>"$work/anchor.log" || { cat "$work/anchor.log"; fail "anchor"; }
must grep -q '"event_type":"checkpoint"' "$paper/state/evidence/paper/checkpoints.ndjson"
rm -rf "$paper"
ok

begin removal_leaves_receipts_keys_and_settings
must dpkg --remove agent-receipts >/dev/null 2>&1
must_not test -e /usr/bin/agent-receipts-daemon
must_not test -e /etc/systemd/system/sockets.target.wants/agent-receipts-daemon.socket
for path in "$data/receipts.db" "$data/signing.key" "$settings"; do must test -f "$path"; done
ok

begin a_purge_removes_settings_and_leaves_evidence
must dpkg --purge agent-receipts >"$work/purge.log" 2>&1
must_not test -e "$settings"
must test -f "$data/receipts.db"
must id agentreceipts >/dev/null
grep -q "stay in $data" "$work/purge.log" || fail "nobody is told: $(cat "$work/purge.log")"
ok

begin a_purge_without_evidence_leaves_nothing
userdel "$agent"; userdel "$auditor"
for group in "$agent" "$auditor"; do if getent group "$group" >/dev/null; then groupdel "$group"; fi; done
must dpkg --install "$package" >/dev/null 2>&1
rm -rf "${data:?}"/*
must dpkg --purge agent-receipts >/dev/null 2>&1
for path in "$data" /run/agentreceipts /etc/agentreceipts; do must_not test -e "$path"; done
[ "$(accounts)" = "$before" ] || fail "users or groups are not what they were"
ok

printf '\ntest result: ok. %s passed; 0 failed; 0 ignored\n' "$passed"
