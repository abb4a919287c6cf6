// One implementation for `import` and `require`: an error's class is the same in both.
export {
  DAEMON_PROTOCOL_RANGE,
  DaemonEmitter,
  defaultSocketPath,
  EmitCallerError,
  EmitClosedError,
  EmitError,
  EmitLibraryError,
  EmitRefusedError,
  EmitTransportError,
  ERROR_CODES,
  MAX_FRAME_SIZE,
  SUPPORTED_FRAME_VERSION,
} from "../dist/index.js";
