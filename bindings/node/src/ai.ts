/**
 * Records what agents of the AI SDK (`ai`) ask for and do.
 *
 * ```ts
 * import { DaemonEmitter } from "agentreceipts";
 * import { receiptsMiddleware, recordTools } from "agentreceipts/ai";
 *
 * const emitter = new DaemonEmitter();
 * const model = wrapLanguageModel({ model: openai("…"), middleware: receiptsMiddleware({ emitter }) });
 * await generateText({ model, tools: recordTools(tools, { emitter }), prompt: "…" });
 * ```
 *
 * The middleware records each tool call that the model asks for as `pending`, with the model and what it used up; `recordTools` records
 * each execution as `allowed`, with its input and its output or error. Both carry the tool call's id as correlation id.
 */
import type { EmitEvent } from "./event.js";
import { checked, jsonOf, jsonTextOf, messageOf, plain, record, type RecordOptions, within } from "./record.js";

export type { RecordOptions } from "./record.js";

/** What is used of a model. */
interface Model {
  readonly provider: string;
  readonly modelId: string;
}

/** A middleware for `wrapLanguageModel`, which changes nothing of what it sees. */
export function receiptsMiddleware(options: RecordOptions) {
  checked(options);
  return {
    specificationVersion: "v3" as const,

    async wrapGenerate<Result extends Generated>({ doGenerate, model }: { doGenerate: () => PromiseLike<Result>; model: Model }): Promise<Result> {
      const result = await doGenerate();
      const parts = Array.isArray(result?.content) ? result.content : [];
      const asker = askerOf(model, result?.response?.modelId, result?.usage);
      for (const part of parts) observe(options, asker, part);
      return result;
    },

    async wrapStream<Part, Result extends { stream: ReadableStream<Part> }>({ doStream, model }: { doStream: () => PromiseLike<Result>; model: Model }): Promise<Result> {
      const result = await doStream();
      let asker = askerOf(model, undefined, undefined);
      // What was used up comes at the very end, and a tool runs before: a streamed request is recorded without it.
      const transform = (part: Part, to: TransformStreamDefaultController<Part>) => {
        const { type, modelId } = (part ?? {}) as { type?: unknown; modelId?: unknown };
        if (type === "response-metadata") asker = askerOf(model, modelId, undefined);
        observe(options, asker, part);
        to.enqueue(part);
      };
      return { ...result, stream: result.stream.pipeThrough(new TransformStream<Part, Part>({ transform })) };
    },
  };
}

/** The same tools, each recorded when it was executed. Tools without `execute` are left as they are. */
export function recordTools<Tools extends Record<string, object>>(tools: Tools, options: RecordOptions): Tools {
  checked(options);
  const recorded = Object.entries(tools).map(([name, tool]) => {
    const { execute } = (tool ?? {}) as { execute?: unknown };
    if (typeof execute !== "function") return [name, tool];
    const run = (input: unknown, more: unknown): unknown => watch(options, name, input, more, () => execute.call(tool, input, more));
    return [name, standingFor(tool, run)];
  });
  return Object.fromEntries(recorded) as Tools;
}

/**
 * What executes by `execute`, and asks `tool` for all else: a copy would have a state of its own, and no private member.
 *
 * No `Proxy`: that of a frozen tool may not show another `execute`.
 */
function standingFor(tool: object, execute: unknown): object {
  const shown = new Map<PropertyKey, PropertyDescriptor>();
  for (let from: object | null = tool; from !== null && from !== Object.prototype; from = Object.getPrototypeOf(from) as object | null) {
    for (const key of Reflect.ownKeys(from)) {
      if (shown.has(key) || key === "constructor") continue;
      const { enumerable, value } = Object.getOwnPropertyDescriptor(from, key) ?? {};
      const own = from === tool;
      // A method works on the tool itself. What is the tool's own is handed out as it is: a function may be a schema.
      const isMethod = !own && typeof value === "function";
      const method = (...given: unknown[]): unknown => Reflect.apply(value as () => unknown, tool, given);
      const get = (): unknown => {
        const now: unknown = Reflect.get(tool, key);
        return isMethod && now === value ? method : now;
      };
      const set = (to: unknown): void => void ((tool as Record<PropertyKey, unknown>)[key] = to);
      shown.set(key, { enumerable: own && enumerable === true, configurable: true, get, set });
    }
  }
  shown.set("execute", { value: execute, enumerable: true, configurable: true, writable: true });
  return Object.defineProperties(Object.create(Object.getPrototypeOf(tool)) as object, Object.fromEntries(shown));
}

/** What is used of a model's whole answer. */
interface Generated {
  readonly content: readonly object[];
  readonly usage?: unknown;
  readonly response?: { readonly modelId?: unknown } | undefined;
}

/** Who asked for a tool call. */
type Asker = Pick<EmitEvent, "model" | "usage" | "captureMethod"> & { provider: string };

function askerOf(model: Model, answered: unknown, used: unknown): Asker {
  const usage = used === undefined ? undefined : jsonOf(used);
  const name = typeof answered === "string" && answered !== "" ? answered : model.modelId;
  return { provider: plain(model.provider), model: within(name), captureMethod: "ai-sdk-middleware", ...(usage === undefined ? {} : { usage }) };
}

/** Records a part of a model's answer that asks for a tool, or tells what a tool of the provider's own gave. */
function observe(options: RecordOptions, { provider, ...asker }: Asker, part: unknown): void {
  const { type, toolName, toolCallId, input, result, isError, preliminary, providerExecuted } = (part ?? {}) as Record<string, unknown>;
  if (type === "tool-call") {
    const tool = providerExecuted === true ? { name: plain(toolName), server: provider } : { name: plain(toolName) };
    void record(options, () => {
      const asked = jsonTextOf(input);
      return { ...common(toolCallId), ...asker, tool, decision: "pending", ...(asked === undefined ? {} : { input: asked }) };
    });
  } else if (type === "tool-result" && preliminary !== true) {
    const tool = { name: plain(toolName), server: provider };
    const failed = isError === true ? { error: plain(jsonOf(result)) } : {};
    void record(options, () => ({ ...common(toolCallId), ...asker, tool, decision: "allowed", ...failed, ...given("output", result) }));
  }
}

/** Runs a tool and records how that ended. A tool may answer at once, later, or by several values, the last of which counts. */
function watch(options: RecordOptions, name: string, input: unknown, more: unknown, execute: () => unknown): unknown {
  const { toolCallId } = (more ?? {}) as { toolCallId?: unknown };
  const asked = given("input", input);
  const ended = (how: Partial<EmitEvent>) => {
    void record(options, () => ({ ...common(toolCallId), tool: { name: plain(name) }, decision: "allowed", ...asked, ...how }));
  };
  const failed = (error: unknown): never => {
    ended({ error: messageOf(error) });
    throw error;
  };
  const went = <Output>(output: Output): Output => {
    ended(given("output", output));
    return output;
  };
  let output: unknown;
  try {
    output = execute();
  } catch (error) {
    return failed(error);
  }
  if (isAsyncIterable(output)) return each(output, went, failed);
  return isPromiseLike(output) ? Promise.resolve(output).then(went, failed) : went(output);
}

async function* each(outputs: AsyncIterable<unknown>, went: (last: unknown) => void, failed: (error: unknown) => never) {
  let last: unknown;
  let whole = false;
  try {
    for await (const output of outputs) yield (last = output);
    whole = true;
  } catch (error) {
    whole = true;
    failed(error);
  } finally {
    // Whoever stopped listening has had what there was until then.
    if (!whole) went(last);
  }
  went(last);
}

function common(toolCallId: unknown): Pick<EmitEvent, "channel" | "correlationId"> {
  return { channel: "ai-sdk", ...(typeof toolCallId === "string" && toolCallId !== "" ? { correlationId: within(toolCallId) } : {}) };
}

function given(member: "input" | "output", value: unknown): Partial<EmitEvent> {
  const text = jsonOf(value);
  return text === undefined ? {} : { [member]: text };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
