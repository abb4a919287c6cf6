// What the official file system server does, by the official TypeScript client: the folder is the last argument of the command.

import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';

import { Session } from './tapped.mjs';

const address = process.argv.slice(2);
const folder = process.env.INTEROP_FOLDER;
const session = new Session(address, {});
const at = name => `${folder}/${name}`;
const call = (name, args) => client => client.callTool({ name, arguments: args }, CallToolResultSchema);
const TEN_MILLION = 10_000_000;

await session.begin();
await session.step('list', client => client.listTools());
await session.step('allowed', call('list_allowed_directories', {}));
await session.step('folder', call('create_directory', { path: at('notes/old') }));
await session.step('write', call('write_file', { path: at('notes/a.txt'), content: 'one\ntwo\nthree größe \u2028\n' }));
await session.step('read', call('read_text_file', { path: at('notes/a.txt') }));
await session.step('head', call('read_text_file', { path: at('notes/a.txt'), head: 1 }));
await session.step('tail', call('read_text_file', { path: at('notes/a.txt'), tail: 1 }));
const edits = [{ oldText: 'two', newText: 'TWO\u{1F512}' }];
await session.step('edit, dry', call('edit_file', { path: at('notes/a.txt'), edits, dryRun: true }));
await session.step('edit', call('edit_file', { path: at('notes/a.txt'), edits }));
await session.step('several', call('read_multiple_files', { paths: [at('notes/a.txt'), at('none.txt')] }));
await session.step('move', call('move_file', { source: at('notes/a.txt'), destination: at('notes/b.txt') }));
await session.step('listing', call('list_directory', { path: at('notes') }));
await session.step('sizes', call('list_directory_with_sizes', { path: at('notes') }));
await session.step('tree', call('directory_tree', { path: folder }));
await session.step('search', call('search_files', { path: folder, pattern: '**/*.txt' }));
await session.step('info', call('get_file_info', { path: at('notes/b.txt') }));
await session.step('outside', call('read_text_file', { path: '/etc/passwd' }));
await session.step('missing', call('read_text_file', { path: at('none.txt') }));
await session.step('wrong type', call('read_text_file', { path: 7 }));

// Ten million bytes to the server, and twice as many back: the text is in the content and in its structured form.
// Nothing in it has to be escaped: a server of the SDK takes no line above 10 MiB.
const line = 'ten million bytes, some of them größe and \u{1F512}. ';
const content = line.repeat(TEN_MILLION / Buffer.byteLength(line) + 1);
await session.step('write ten million', call('write_file', { path: at('large.txt'), content }));
await session.step('read ten million', call('read_text_file', { path: at('large.txt') }));
await session.step('read them three times at once', client =>
    Promise.all([1, 2, 3].map(() => call('read_text_file', { path: at('large.txt') })(client))),
);
await session.end();
