// Everything that the official example server shows, done by the official TypeScript client: tools, prompts, resources, completion,
// subscriptions, logging, sampling, elicitation, roots, progress, cancellation, calls at once, tasks.

import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks';
import {
    CallToolResultSchema,
    CreateMessageRequestSchema,
    ElicitRequestSchema,
    ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { Session, count } from './tapped.mjs';

const CAPABILITIES = {
    sampling: {},
    elicitation: { form: {}, url: {} },
    roots: { listChanged: true },
    tasks: { requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } },
};

const session = new Session(process.argv.slice(2), CAPABILITIES, { taskStore: new InMemoryTaskStore() });
let roots = [{ uri: 'file:///a', name: 'A' }];
let answer = { action: 'accept', content: { name: 'Ada', check: true, integer: 7 } };

/** The answer at once, or as a task where the server asks for that. */
async function answered(result, request, extra) {
    if (!request.params.task) {
        return result;
    }
    const task = await extra.taskStore.createTask({ ttl: extra.taskRequestedTtl });
    await extra.taskStore.storeTaskResult(task.taskId, 'completed', result);
    return { task };
}

session.client.setRequestHandler(ListRootsRequestSchema, () => ({ roots }));
session.client.setRequestHandler(ElicitRequestSchema, (request, extra) => answered(answer, request, extra));
session.client.setRequestHandler(CreateMessageRequestSchema, (request, extra) => {
    const said = request.params.messages[0].content.text;
    return answered({ model: 'm', role: 'assistant', content: { type: 'text', text: `re: ${said}` } }, request, extra);
});

const call = (name, args, options) => client => client.callTool({ name, arguments: args }, CallToolResultSchema, options);

await session.begin();
await session.step('roots are asked for', () => {}, heard => count(heard, 'roots/list') > 0 && count(heard, 'notifications/message') > 0);
for (const list of ['listTools', 'listResources', 'listResourceTemplates', 'listPrompts']) {
    await session.step(list, client => client[list]());
}
await session.step('ping', client => client.ping());

await session.step('echo', call('echo', { message: 'größe \u2028 \u{1F512} \\ "' }));
await session.step('sum', call('get-sum', { a: 0.1, b: 1e21 }));
await session.step('image', call('get-tiny-image', {}));
for (const messageType of ['error', 'success', 'debug']) {
    await session.step(`annotated ${messageType}`, call('get-annotated-message', { messageType, includeImage: true }));
}
await session.step('structured', call('get-structured-content', { location: 'Chicago' }));
await session.step('reference', call('get-resource-reference', { resourceType: 'Text', resourceId: 3 }));
await session.step('links', call('get-resource-links', { count: 4 }));
await session.step('environment', call('get-env'));
const data = `data:text/plain;base64,${Buffer.from('gzip me '.repeat(1000)).toString('base64')}`;
await session.step('gzip', call('gzip-file-as-resource', { name: 'a.gz', data, outputType: 'resource' }));
await session.step('no such tool', call('no-such-tool', { a: 1 }));
await session.step('wrong arguments', call('get-sum', { a: 'one' }));
await session.step('no such method', client => client.request({ method: 'no/such' }, CallToolResultSchema));

await session.step('prompt', client => client.getPrompt({ name: 'simple-prompt' }));
await session.step('prompt with arguments', client => client.getPrompt({ name: 'args-prompt', arguments: { city: 'Oslo', state: 'N' } }));
await session.step('no such prompt', client => client.getPrompt({ name: 'none' }));
const prompt = { type: 'ref/prompt', name: 'completable-prompt' };
await session.step('completion', client => client.complete({ ref: prompt, argument: { name: 'department', value: 'E' } }));
await session.step('resource', client => client.readResource({ uri: 'demo://resource/dynamic/text/7' }));
await session.step('no such resource', client => client.readResource({ uri: 'demo://nothing' }));

const uri = 'demo://resource/dynamic/text/1';
await session.step('subscribe', client => client.subscribeResource({ uri }), heard => count(heard, 'notifications/message') > 0);
const updated = heard => count(heard, 'notifications/resources/updated') > 0;
await session.step('updates on', call('toggle-subscriber-updates', {}), updated);
await session.step('updates off', call('toggle-subscriber-updates', {}));
await session.step('unsubscribe', client => client.unsubscribeResource({ uri }), heard => count(heard, 'notifications/message') > 0);

await session.step('sampling', call('trigger-sampling-request', { prompt: 'hello', maxTokens: 5 }));
await session.step('elicitation accepted', call('trigger-elicitation-request', {}));
answer = { action: 'decline' };
await session.step('elicitation declined', call('trigger-elicitation-request', {}));
answer = { action: 'accept' };
await session.step('link', call('trigger-url-elicitation', { url: 'http://localhost/x', elicitationId: 'e1' }));
await session.step('link as an error', call('trigger-url-elicitation', { url: 'http://localhost/y', elicitationId: 'e2', errorPath: true }));
await session.step('roots', call('get-roots-list', {}));
roots = [...roots, { uri: 'file:///b', name: 'B' }];
await session.step(
    'other roots',
    client => client.sendRootsListChanged(),
    heard => count(heard, 'roots/list') > 0 && count(heard, 'notifications/message') > 0,
);

const seen = [];
await session.step('progress', call('trigger-long-running-operation', { duration: 0.2, steps: 4 }, { onprogress: each => seen.push(each) }));
// The last one may come together with the result, and then the SDK drops it.
await session.step('progress as seen', () => seen.slice(0, 3));
await session.step('cancelled', async client => {
    const aborting = new AbortController();
    const cancelled = call('trigger-long-running-operation', { duration: 1, steps: 1 }, { signal: aborting.signal })(client);
    // The server answers this after it has heard of the call.
    await client.ping();
    aborting.abort('changed my mind');
    return cancelled;
});
await session.step('alive after cancelling', client => client.ping());
await session.step('at once', client =>
    Promise.all(Array.from({ length: 200 }, (_, n) => call('echo', { message: `m${n}`.repeat(1 + (n % 50)) })(client))),
);
await session.step('at once, in another order', client =>
    Promise.all([5, 3, 1, 4, 2].map(n => call('trigger-long-running-operation', { duration: n / 20, steps: 1 })(client))),
);

// A server may ask about these as often as it likes: how often depends on the hour, what comes of it does not.
// Named beforehand: which of them ends first is nobody's promise.
const settled = { research: undefined, sampling: undefined, elicitation: undefined };
const background = async (name, args) => {
    const stream = session.client.experimental.tasks.callToolStream({ name, arguments: args }, CallToolResultSchema);
    for await (const message of stream) {
        if (message.type === 'result') {
            return message.result;
        }
        if (message.type === 'error') {
            throw message.error;
        }
    }
};
answer = { action: 'accept', content: { interpretation: 'snake' } };
await Promise.all([
    background('simulate-research-query', { topic: 'python', ambiguous: true }).then(result => (settled.research = result)),
    call('trigger-sampling-request-async', { prompt: 'later' })(session.client).then(result => (settled.sampling = result)),
    call('trigger-elicitation-request-async', {})(session.client).then(result => (settled.elicitation = result)),
]);
session.told = session.wire.heard.length;
await session.step('tasks', () => settled);
await session.end();
