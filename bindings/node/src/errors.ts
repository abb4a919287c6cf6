import { type ErrorCode, nameOf } from "./codes.js";
import type { Failure } from "./native.js";

/** Why an event has no receipt. Its class says what to make of it; no message holds a payload. */
export class EmitError extends Error {
  /** The error's name: a key of `ERROR_CODES`, or `argument` for what JavaScript alone can get wrong. */
  readonly code: ErrorCode;
  /** The error's number, as every language knows it; 0 for `argument`. */
  readonly number: number;

  constructor(message: string, code: ErrorCode, number: number) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.number = number;
  }
}

/** The call can never work as it was made: nothing was sent, and nothing counts as dropped. */
export class EmitCallerError extends EmitError {}

/** The emitter was closed before. Nothing was sent, and nothing counts as dropped. */
export class EmitClosedError extends EmitError {}

/** The daemon was not reached in time. Unless only the reply is missing, the event counts as dropped. */
export class EmitTransportError extends EmitError {}

/** The daemon answered, and made no receipt. */
export class EmitRefusedError extends EmitError {
  /** A stable word for programs. */
  readonly refusalCode: string;
  /** A sentence for people. */
  readonly refusalMessage: string;

  constructor(message: string, code: ErrorCode, number: number, refusalCode: string, refusalMessage: string) {
    super(message, code, number);
    this.refusalCode = refusalCode;
    this.refusalMessage = refusalMessage;
  }
}

/** The library's own fault. */
export class EmitLibraryError extends EmitError {}

/** The error of an argument that JavaScript could not even pass on. */
export function argumentError(message: string): EmitCallerError {
  return new EmitCallerError(message, "argument", 0);
}

/** What the library said, as an error of the class that it belongs to. */
export function errorOf(failure: Failure): EmitError {
  const code = nameOf(failure.number);
  switch (failure.errorClass) {
    case CLASSES.caller:
      return new EmitCallerError(failure.message, code, failure.number);
    case CLASSES.closed:
      return new EmitClosedError(failure.message, code, failure.number);
    case CLASSES.transport:
      return new EmitTransportError(failure.message, code, failure.number);
    case CLASSES.refused: {
      const { refusalCode = "", refusalMessage = "" } = failure;
      return new EmitRefusedError(failure.message, code, failure.number, refusalCode, refusalMessage);
    }
    default:
      return new EmitLibraryError(failure.message, code, failure.number);
  }
}

/** `ar_class` of the C interface. */
const CLASSES = { caller: 1, closed: 2, transport: 3, refused: 4 } as const;
