# `cargo xtask formula --url URL ARCHIVE` fills in what a release decides.
class AgentReceipts < Formula
  desc "Signed receipts of what agents do, which they cannot forge"
  homepage "https://agentreceipts.ai"
  url "@URL@"
  version "@VERSION@"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args(path: "daemon-bin")
    system "cargo", "install", *std_cargo_args(path: "anchor")
    system "cargo", "install", *std_cargo_args(path: "hook")
    system "cargo", "install", *std_cargo_args(path: "mcp-proxy")
    system "cargo", "install", *std_cargo_args(path: "cli")
    generate_completions_from_executable(bin/"agent-receipts", "completions")
    man1.mkpath
    system bin/"agent-receipts", "manual", man1
  end

  # The daemon of one user: a convenience, not a boundary. `agent-receipts service install --system` makes the other one.
  service do
    run [opt_bin/"agent-receipts-daemon"]
    keep_alive crashed: true
    log_path var/"log/agent-receipts.log"
    error_log_path var/"log/agent-receipts.log"
  end

  def caveats
    <<~EOS
      Make the signing key once, before the service starts:
        agent-receipts init
      Agents that run as this user could read it. For a boundary:
        sudo agent-receipts service install --system
    EOS
  end

  test do
    ENV["XDG_DATA_HOME"] = testpath/"data"
    system bin/"agent-receipts", "init"
    assert_path_exists testpath/"data/agent-receipts/signing.key"
    assert_match version.to_s, shell_output("#{bin}/agent-receipts-daemon --version")
  end
end
