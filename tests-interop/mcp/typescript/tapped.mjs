// A client of the official TypeScript SDK whose transport is tapped: what it heard and what became of each step is one JSON
// object on the standard output. Which server it talks to, and through what, is for the command line to say.

import { createHash } from 'node:crypto';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

// Far beyond what a slow machine needs; nothing here measures time, it only refuses to wait for ever.
const DEADLINE = 120_000;
// A message longer than this is told by its digest.
const LONGEST = 8_192;
// The SDK gives up at 10 MiB a line unless it is told otherwise.
const LARGEST_LINE = 64 * 1024 * 1024;

/** Passes everything on, and keeps a copy. */
class Tapped {
    constructor(inner) {
        this.inner = inner;
        this.heard = [];
        this.said = [];
    }

    get sessionId() {
        return this.inner.sessionId;
    }

    setProtocolVersion(version) {
        this.inner.setProtocolVersion?.(version);
    }

    async start() {
        this.inner.onclose = () => this.onclose?.();
        this.inner.onerror = error => this.onerror?.(error);
        this.inner.onmessage = (message, extra) => {
            this.heard.push(message);
            this.onmessage?.(message, extra);
        };
        await this.inner.start();
    }

    async send(message, options) {
        this.said.push(message);
        await this.inner.send(message, options);
    }

    async close() {
        await this.inner.close();
    }
}

/** One session, from its beginning to its end, told as a transcript. */
export class Session {
    /** `address` is a URL, or a command line. */
    constructor(address, capabilities, options = {}) {
        const [command, ...args] = address;
        const remote = /^http:/.test(command);
        const transport = remote
            ? new StreamableHTTPClientTransport(new URL(command))
            : new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit', maxBufferSize: LARGEST_LINE });
        this.wire = new Tapped(transport);
        this.client = new Client({ name: 'interop', version: '1.0.0' }, { capabilities, ...options });
        this.steps = [];
        this.errors = [];
        this.told = 0;
        this.names = new Map();
        // What the SDK itself finds wrong with what it hears. It drops the last progress when the result is read together with it,
        // which is for the operating system to decide.
        this.client.onerror = error => /unknown token/.test(error) || this.errors.push(String(error));
        setTimeout(() => {
            process.stderr.write(`not done in time; the last step: ${this.steps.at(-1)?.name}\n`);
            process.exit(1);
        }, DEADLINE).unref();
    }

    /** Does something, waits until `heard` messages of the kind were heard, and keeps what came of it. */
    async step(name, act, until = () => true) {
        let outcome;
        try {
            outcome = { result: (await act(this.client)) ?? null };
        } catch (error) {
            outcome = { error: { name: error.name, code: error.code ?? null, message: error.message, data: error.data ?? null } };
        }
        await this.wait(name, until);
        const heard = this.wire.heard.slice(this.told);
        this.told += heard.length;
        // Within a step, a server may say things in either order.
        this.steps.push({ name, outcome: this.plain(outcome), heard: heard.map(message => this.plain(message)).sort() });
        return outcome.result;
    }

    async wait(name, until) {
        const end = Date.now() + DEADLINE;
        while (!until(this.wire.heard.slice(this.told))) {
            if (Date.now() > end) {
                throw new Error(`${name}: what was waited for never came; heard: ${JSON.stringify(this.wire.heard.slice(this.told))}`);
            }
            await new Promise(resolve => setTimeout(resolve, 5));
        }
    }

    async begin() {
        await this.step('connect', client => client.connect(this.wire));
        await this.step('who is it', client => ({
            version: client.getServerVersion(),
            capabilities: client.getServerCapabilities(),
            instructions: client.getInstructions(),
        }));
    }

    /** Ends the session and tells all of it. */
    async end() {
        await this.step('close', client => client.close());
        const calls = this.wire.said.filter(message => message.method === 'tools/call').map(({ id, params }) => ({ id, ...params }));
        const asked = this.wire.said.filter(message => message.method !== undefined).map(message => message.method);
        const answered = this.wire.heard.filter(message => message.method !== undefined && message.id !== undefined);
        const requests = [...new Map(answered.map(message => [message.id, message])).values()].map(({ method }) => ({ method }));
        const told = `${JSON.stringify({ steps: this.steps, errors: this.errors, calls, asked, requests })}\n`;
        // What the SDK keeps for tasks would hold the process for minutes.
        process.stdout.write(told, () => process.exit(0));
    }

    /** As text, with everything replaced that differs from one run to the next by its nature. */
    plain(value) {
        const text = JSON.stringify(value, (_, inner) =>
            typeof inner === 'string' && inner.length > LONGEST
                ? { length: inner.length, sha256: createHash('sha256').update(inner).digest('hex') }
                : inner,
        );
        return text
            .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
            .replace(/\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT[^"\\]*/g, '<time>')
            .replace(/\d{1,2}:\d\d:\d\d [AP]M/g, '<time>')
            .replace(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, name => this.named(name));
    }

    /** The same name for the same random one. */
    named(random) {
        if (!this.names.has(random)) {
            this.names.set(random, `<random ${this.names.size}>`);
        }
        return this.names.get(random);
    }
}

/** How many of these messages say this. */
export function count(messages, method) {
    return messages.filter(message => message.method === method).length;
}
