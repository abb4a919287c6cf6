/**
 * Records the tool calls of a client of the Model Context Protocol (`@modelcontextprotocol/sdk`).
 *
 * ```ts
 * import { DaemonEmitter } from "agentreceipts";
 * import { recordToolCalls } from "agentreceipts/mcp";
 *
 * recordToolCalls(client, { emitter: new DaemonEmitter() });
 * ```
 */
import type { EmitEvent } from "./event.js";
import { argumentError } from "./errors.js";
import { checked, jsonOf, messageOf, plain, record, type RecordOptions } from "./record.js";

export type { RecordOptions } from "./record.js";

/** What is used of a client. */
export interface ToolCaller {
  callTool(params: { name: string; arguments?: Record<string, unknown> }, ...more: any[]): Promise<unknown>;
  getServerVersion?(): { name: string } | undefined;
}

/** How a client is recorded. */
export interface McpOptions extends RecordOptions {
  /** The server's name in receipts. Otherwise what the server called itself. */
  server?: string;
}

/**
 * Has every later `callTool` of this client recorded when it ends: arguments, result, and the error of a call that failed or was answered by
 * `isError`. The call itself is not touched. Recording a client twice records it once.
 */
export function recordToolCalls<Client extends ToolCaller>(client: Client, options: McpOptions): Client {
  checked(options);
  if (RECORDED.has(client)) return client;
  const callTool = client?.callTool;
  if (typeof callTool !== "function") throw argumentError("`client` is no client: it has no `callTool`");
  const recorded: ToolCaller["callTool"] = async (params, ...more) => {
    // Taken before the call, which may change its arguments.
    const input = jsonOf(params?.arguments ?? {});
    const seen = (more: () => Partial<EmitEvent>) =>
      record(options, () => eventOf(client, options, params?.name, { input, ...more() } as Partial<EmitEvent>));
    let result: unknown;
    try {
      result = await callTool.call(client, params, ...more);
    } catch (error) {
      void seen(() => ({ error: messageOf(error) }));
      throw error;
    }
    void seen(() => ({ ...outputOf(result), ...failureOf(result) }));
    return result;
  };
  client.callTool = recorded as Client["callTool"];
  RECORDED.add(client);
  return client;
}

const RECORDED = new WeakSet<ToolCaller>();

function eventOf(client: ToolCaller, { server }: McpOptions, name: unknown, more: Partial<EmitEvent>): EmitEvent {
  const from = server ?? client.getServerVersion?.()?.name;
  const tool = from === undefined ? { name: plain(name) } : { name: plain(name), server: plain(from) };
  return { channel: "mcp", tool, decision: "allowed", ...more };
}

function outputOf(result: unknown): Partial<EmitEvent> {
  const output = jsonOf(result);
  return output === undefined ? {} : { output };
}

/** What a result says of its failure: the texts of its content. */
function failureOf(result: unknown): Partial<EmitEvent> {
  const { isError, content } = (result ?? {}) as { isError?: unknown; content?: unknown };
  if (isError !== true) return {};
  const texts = (Array.isArray(content) ? content : []).map((part: { text?: unknown } | null) => part?.text);
  return { error: plain(texts.filter((text) => typeof text === "string").join("\n") || "the tool reported an error") };
}
