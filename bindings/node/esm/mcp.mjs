export { recordToolCalls } from "../dist/mcp.js";
