// Reads as many servers on Node do: by `readline`, for which a lone carriage return, U+2028 and U+2029 end a line too.

import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const log = openSync(process.env.INTEROP_LOG, 'a', 0o600);

function reply({ id }, result) {
    if (id !== undefined) {
        writeSync(1, `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
    }
}

function answer(message) {
    const { method, params } = message;
    if (method !== 'tools/call' || typeof params !== 'object' || params === null) {
        reply(message, {});
        return;
    }
    const { name } = params;
    const given = 'arguments' in params ? JSON.stringify(params.arguments) : null;
    writeSync(log, `${JSON.stringify({ name, arguments: given })}\n`);
    if (name === 'crash') {
        process.exit(3);
    }
    if (name !== 'hang') {
        reply(message, { content: [{ type: 'text', text: `${name} größe \u2028` }] });
    }
    if (name === 'twice') {
        reply(message, { content: [], isError: true });
    }
}

createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', line => {
    let message;
    try {
        message = JSON.parse(line);
    } catch {
        return;
    }
    for (const each of Array.isArray(message) ? message : [message]) {
        if (typeof each?.method === 'string') {
            answer(each);
        }
    }
});
