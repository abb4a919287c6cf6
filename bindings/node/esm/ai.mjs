export { receiptsMiddleware, recordTools } from "../dist/ai.js";
