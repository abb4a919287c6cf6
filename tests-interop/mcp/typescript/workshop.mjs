// A server made with the official Python package, by the official TypeScript client.

import {
    CallToolResultSchema,
    CreateMessageRequestSchema,
    ElicitRequestSchema,
    ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { Session, count } from './tapped.mjs';

const session = new Session(process.argv.slice(2), { sampling: {}, elicitation: {}, roots: {} });
session.client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///a', name: 'A' }] }));
session.client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { colour: 'red' } }));
session.client.setRequestHandler(CreateMessageRequestSchema, request => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: `re: ${request.params.messages[0].content.text}` },
}));
const call = (name, args, options) => client => client.callTool({ name, arguments: args }, CallToolResultSchema, options);

await session.begin();
await session.step('list', client => client.listTools());
await session.step('templates', client => client.listResourceTemplates());
await session.step('add', call('add', { a: Number.MAX_SAFE_INTEGER, b: -1 }));
await session.step('reverse', call('reverse', { text: 'größe \u2028\u2029\u0085 \u{1F512} \\ " \x7f' }));
await session.step('wrong arguments', call('add', { a: 'one' }));
await session.step('no such tool', call('none', {}));
await session.step('trouble', call('trouble', { kind: 'odd' }));
await session.step('ten million', call('plenty', { bytes: 10_000_000 }));
await session.step('prompt', client => client.getPrompt({ name: 'advise', arguments: { subject: 'glue' } }));
const ref = { type: 'ref/resource', uri: 'bench://drawer/{number}' };
await session.step('completion', client => client.complete({ ref, argument: { name: 'number', value: 'sa' } }));
await session.step('resource', client => client.readResource({ uri: 'bench://drawer/7' }));
await session.step('elicitation', call('paint', { what: 'door' }));
await session.step('sampling', call('ponder', { about: 'oak' }));
await session.step('roots', call('roots', {}));
await session.step('progress', call('steps', { count: 5 }, { onprogress: () => {} }), heard => count(heard, 'notifications/progress') === 5);
await session.step('cancelled', async client => {
    const aborting = new AbortController();
    const cancelled = call('forever', {}, { signal: aborting.signal })(client);
    // The server answers this after it has heard of the call.
    await client.ping();
    aborting.abort('changed my mind');
    return cancelled;
});
await session.step('at once', client => Promise.all(Array.from({ length: 100 }, (_, n) => call('add', { a: n, b: n })(client))));
// A remote server is there for others too.
if (!process.env.INTEROP_REMOTE) {
    await session.step('the server leaves in the middle of a call', call('leave', {}));
}
await session.end();
