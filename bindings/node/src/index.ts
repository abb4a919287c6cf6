/**
 * Records what an agent does: events go to the daemon, which alone holds a key, chains them and signs them.
 *
 * Nothing here signs, stores, canonicalises or verifies.
 */
export { type ErrorCode, ERROR_CODES } from "./codes.js";
export { DAEMON_PROTOCOL_RANGE, DaemonEmitter, defaultSocketPath, MAX_FRAME_SIZE, SUPPORTED_FRAME_VERSION } from "./emitter.js";
export { EmitCallerError, EmitClosedError, EmitError, EmitLibraryError, EmitRefusedError, EmitTransportError } from "./errors.js";
export type { EmitEvent, EmitTarget, EmitTool, Identity } from "./event.js";
export type { Acknowledgement } from "./native.js";
export type { DaemonEmitterOptions, DebugLog } from "./options.js";
