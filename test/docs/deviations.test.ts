import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { normalisations } from '../../src/ocpp/normalisations.ts';
import { noteKinds } from '../../src/ocpp/notes.ts';

const names = Object.keys(noteKinds);

/** `npx vitest run test/docs -u` writes the page anew. */
it('docs/deviations.md lists every kind of note with its source, as the code has them', async () => {
  const rows = Object.entries(noteKinds).map(([name, { what, source }]) => `| \`${name}\` | ${what} | ${source} |`);
  const page = [
    '# Deviations',
    '',
    'What charge points send otherwise than the specification has it, and what is made of it. Every message that departs is kept',
    'with its raw frame and a note for each deviation, `<name>: <what>`: `ocpp-actors deviations` and `GET /v1/deviations` sum them',
    'up by charge point, or by vendor (`--by vendor`, `?by=vendor`). Text that is no message at all appears there too, by the reason',
    'why it could not be read. `src/ocpp/notes.ts` is the list this page is made from; a note of another name does not compile.',
    '',
    '| note | what came, and what is made of it | source |',
    '| ---- | --------------------------------- | ------ |',
    ...rows,
    '',
    'A message that has no notes passed its schema untouched. What cannot be read at all is answered with a CALLERROR (OCPP-J 1.6',
    'table 7); [messages](messages.md) says which.',
    '',
    'Answers to commands are read as meant too (null for what is optional, numbers as text and text as numbers), without a note.',
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/deviations.md');
});

it('every kind of note in the list is made somewhere, and every normalisation is one', async () => {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = (await readdir(root, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && name !== 'ocpp/notes.ts',
  );
  const sources = await Promise.all(files.map((name) => readFile(`${root}${name}`, 'utf8')));
  const made = names.filter((name) =>
    sources.some((text) => text.includes(`\`${name}: `) || text.includes(`'${name}: `) || text.includes(`'${name}',`)),
  );
  expect(made).toEqual(names);
  const repaired = normalisations.map(({ name }) => name);
  // Each once, in the order in which they are tried.
  expect(names.filter((name) => repaired.some((each) => each === name))).toEqual(repaired);
});
