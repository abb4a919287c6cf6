package emitter

import "log/slog"

// Option sets something about an emitter; nothing must be set.
type Option func(*config)

type config struct {
	socketPath string
	sessionID  string
	identity   Identity
	bestEffort bool
	logger     *slog.Logger
	// Where the count of lost events is left, unless it is not to be left at all.
	dropFolder   string
	noDropFolder bool
	// For tests alone: how long an event may take to go out, where that is not the usual.
	writeTimeoutMs uint32
}

// WithSocketPath names the daemon's socket. Otherwise, and if empty, it is [DefaultSocketPath].
func WithSocketPath(path string) Option {
	return func(c *config) { c.socketPath = path }
}

// WithSessionID names the session that all events belong to. Otherwise, and if empty, it is a random UUID.
func WithSessionID(id string) Option {
	return func(c *config) { c.sessionID = id }
}

// WithIdentity says who acts, in all events that do not say otherwise.
func WithIdentity(identity Identity) Option {
	return func(c *config) { c.identity = identity }
}

// WithBestEffort makes [DaemonEmitter.Emit] keep transport failures to itself: the event is lost and counted, and that is all.
func WithBestEffort() Option {
	return func(c *config) { c.bestEffort = true }
}

// WithDropFolder says where the count of lost events is left for the next emitter of the same session and user: the folder is made
// if it is missing, but not those above it. Otherwise, and if empty, it is agentreceipts/drops in XDG_RUNTIME_DIR, or, where that
// cannot be, agent-receipts/drops in XDG_DATA_HOME or ~/.local/share.
func WithDropFolder(path string) Option {
	return func(c *config) { c.dropFolder, c.noDropFolder = path, false }
}

// WithoutDropFolder neither leaves a count of lost events behind, nor tells one that another emitter left.
func WithoutDropFolder() Option {
	return func(c *config) { c.dropFolder, c.noDropFolder = "", true }
}

// WithLogger sets where lost events are told of, at debug level. Otherwise, and if nil, it is [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) { c.logger = logger }
}

// DefaultSocketPath is the path that the daemon and emitters use when none is named: AGENTRECEIPTS_SOCKET, or a place below
// XDG_RUNTIME_DIR, or on macOS below XDG_DATA_HOME or HOME. It is empty where there is none; [NewDaemon] then says why.
func DefaultSocketPath() string {
	path, err := defaultSocketPath()
	if err != nil {
		return ""
	}
	return path
}
