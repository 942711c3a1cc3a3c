import { expect, it } from 'vitest';
import { settingsSchema } from '../../src/config.ts';

/** `npx vitest run test/docs -u` writes the page anew. */
it('docs/settings.md lists every setting with its default, as the schema has them', async () => {
  const rows = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined);
    const isDuration = name === 'TRANSACTION_END_GRACE';
    const value = isDuration ? '15m' : fallback.success ? shown(fallback.data) : '';
    return `| \`${name}\` | ${value} | ${schema.description} |`;
  });
  const page = [
    '# Settings',
    '',
    'From the environment, or from a `.env` in the working directory; the environment wins. A wrong value stops the start with',
    'a message that names it.',
    '',
    '| setting | default | what it does |',
    '| ------- | ------- | ------------ |',
    ...rows,
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/settings.md');
});

function shown(value: unknown): string {
  return value instanceof Set ? [...value].join(',') : String(value ?? '');
}
