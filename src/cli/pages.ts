import type { Page, PageRequest } from '../../drizzle/queries/pages.ts';

const PAGE_ROWS = 1_000;

/** All rows of a list, at most `limit`, page after page as they are asked for. */
export async function* pages<Row>(
  read: (request: PageRequest) => Promise<Page<Row>>,
  limit = Infinity,
): AsyncGenerator<Row[]> {
  let after: string | undefined;
  for (let left = limit; left > 0;) {
    const { items, next } = await read({ after, limit: Math.min(left, PAGE_ROWS) });
    yield items;
    if (next === null) return;
    after = next;
    left -= items.length;
  }
}
