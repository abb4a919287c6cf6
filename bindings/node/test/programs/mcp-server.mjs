// A real server of the Model Context Protocol, on standard input and output.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "sums", version: "1.0.0" });
const text = (text, more) => ({ content: [{ type: "text", text }], ...more });

server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }) => text(String(a + b)));
server.registerTool("fail", {}, async () => text("no such file", { isError: true }));
server.registerTool("long", {}, async () => text("x".repeat(1_200_000)));
server.registerTool("leave", {}, async () => process.exit(0));

await server.connect(new StdioServerTransport());
