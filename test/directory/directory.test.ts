import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Directory, type ChargePointEntry, type DirectoryReads, type IdTagRow } from '../../src/directory/directory.ts';
import { silent, temporaryDirectory } from '../edge/journalEvents.ts';

let folder: string;
let remove: () => void;
let directory: Directory;
let database: Tables;

beforeEach(() => {
  ({ directory: folder, remove } = temporaryDirectory());
  database = new Tables();
});

afterEach(async () => {
  await directory.stop();
  remove();
});

describe('Directory', () => {
  it('finds tags without regard to case, and charge points exactly', async () => {
    database.saveTag('Abc', 'Accepted');
    database.saveChargePoint('CP1', 'pending');
    await follow();
    expect(directory.idTag('aBC')).toMatchObject({ key: 'ABC', idTag: 'Abc', status: 'Accepted' });
    expect(directory.chargePoint('CP1')).toMatchObject({ registration: 'pending' });
    expect(await directory.chargePoint('cp1')).toBeUndefined();
  });

  it('pages through more rows than a page holds', async () => {
    for (let index = 0; index < 2_500; index++) database.saveTag(`TAG${index}`, 'Accepted');
    await follow();
    await expect.poll(() => directory.idTag('TAG999')).toMatchObject({ status: 'Accepted' });
    expect(directory.idTag('TAG2499')).toMatchObject({ status: 'Accepted' });
    expect(database.finds).toBe(0);
  });

  it('follows the changes, deletions included', async () => {
    database.saveTag('A', 'Accepted');
    database.saveTag('B', 'Accepted');
    await follow();
    database.saveTag('A', 'Blocked');
    database.deleteTag('B');
    await expect.poll(() => directory.idTag('A')).toMatchObject({ status: 'Blocked' });
    await expect.poll(() => directory.idTag('B')).toBeUndefined();
    expect(database.finds).toBe(0);
    database.saveTag('B', 'Accepted');
    await expect.poll(() => directory.idTag('B')).toMatchObject({ deleted: false });
  });

  it('asks the database for what it has not seen: once for all who wait', async () => {
    directory = open();
    for (let index = 0; index < 20; index++) database.saveTag(`T${index}`, 'Accepted');
    const found = await Promise.all([...Array(20).keys(), 0, 0, 0].map(async (index) => directory.idTag(`T${index}`)));
    expect(found.every((row) => row !== undefined && row !== 'unavailable')).toBe(true);
    expect(database.finds).toBe(1);
    expect(directory.idTag('T7')).toMatchObject({ key: 'T7' });
  });

  it('remembers for a while that a tag does not exist', async () => {
    directory = open({ missing: 1_000 });
    expect(await directory.idTag('X')).toBeUndefined();
    expect(directory.idTag('X')).toBeUndefined();
    expect(database.finds).toBe(1);
    database.saveTag('X', 'Accepted');
    await sleep(1_010);
    expect(await directory.idTag('X')).toMatchObject({ key: 'X' });
  });

  it('says that it cannot know when the database is away, and knows what it has seen', async () => {
    database.saveTag('A', 'Accepted');
    await follow();
    database.away = true;
    await expect.poll(() => directory.idTag('NEVER SEEN')).toBe('unavailable');
    expect(directory.idTag('A')).toMatchObject({ status: 'Accepted' });
    expect(directory.ready).toBe(true);
    database.away = false;
    database.saveTag('NEVER SEEN', 'Accepted');
    await expect.poll(() => directory.idTag('NEVER SEEN')).toMatchObject({ status: 'Accepted' });
  });

  it('does not make a station wait for a database that hangs', async () => {
    directory = open({ find: 50 });
    database.hangs = true;
    const since = performance.now();
    expect(await directory.idTag('A')).toBe('unavailable');
    expect(performance.now() - since).toBeLessThan(1_500);
    expect(directory.idTag('B')).toBe('unavailable');
  });

  it('is ready with a snapshot or a database, and not without both', async () => {
    database.away = true;
    directory = open();
    directory.start();
    await sleep(50);
    expect(directory.ready).toBe(false);
    database.away = false;
    database.saveTag('A', 'Accepted');
    await expect.poll(() => directory.ready).toBe(true);
    await expect.poll(() => directory.idTag('A')).toMatchObject({ status: 'Accepted' });
    await directory.stop();
    database.away = true;
    directory = open();
    expect(directory.ready).toBe(true);
    expect(directory.idTag('A')).toMatchObject({ status: 'Accepted' });
  });

  it('reads everything again when the database was restored to an earlier state', async () => {
    database.saveTag('A', 'Accepted');
    await follow();
    const backup = database.copy();
    database.saveTag('A', 'Blocked');
    database.saveTag('B', 'Accepted');
    await expect.poll(() => directory.idTag('A')).toMatchObject({ status: 'Blocked' });
    await expect.poll(() => directory.idTag('B')).toMatchObject({ status: 'Accepted' });
    database.restore(backup);
    await expect.poll(() => directory.idTag('A')).toMatchObject({ status: 'Accepted' });
    await expect.poll(() => directory.idTag('B')).not.toMatchObject({ key: 'B' });
  });

  it('misses no change that happens while it reads everything', async () => {
    for (let index = 0; index < 3_000; index++) database.saveTag(`T${String(index).padStart(4, '0')}`, 'Accepted');
    database.onPage = () => database.saveTag('T0000', 'Blocked'); // its page was read already
    await follow();
    await expect.poll(() => directory.idTag('T0000')).toMatchObject({ status: 'Blocked' });
  });
});

async function follow(): Promise<void> {
  directory = open();
  directory.start();
  await expect.poll(() => database.changesRead).toBeGreaterThan(0);
}

function open(times = {}): Directory {
  return Directory.open({
    directory: folder,
    reads: database,
    log: silent,
    times: { changes: 10, missing: 20, ...times },
  });
}

/** Two tables as the database answers about them: a counter of changes stands for its transaction ids. */
class Tables implements DirectoryReads {
  away = false;
  hangs = false;
  finds = 0;
  /** Readings of changes that followed a reading of everything, of the tags. */
  changesRead = 0;
  onPage: () => void = () => undefined;
  #tags = new Map<string, { row: IdTagRow; mark: number }>();
  #chargePoints = new Map<string, { row: ChargePointEntry; mark: number }>();
  #mark = 1;

  saveTag(idTag: string, status: string, deleted = false): void {
    const key = idTag.toUpperCase();
    const row = { key, idTag, status, expiryDate: null, parentIdTag: null, singleTransaction: false, deleted };
    this.#tags.set(key, { row, mark: ++this.#mark });
  }

  deleteTag(idTag: string): void {
    this.saveTag(idTag, 'Accepted', true);
  }

  saveChargePoint(chargePointId: string, registration: ChargePointEntry['registration']): void {
    const row = { chargePointId, registration, heartbeatInterval: null, passwordHash: null, deleted: false };
    this.#chargePoints.set(chargePointId, { row, mark: ++this.#mark });
  }

  copy(): { tags: Map<string, { row: IdTagRow; mark: number }>; mark: number } {
    return { tags: new Map(this.#tags), mark: this.#mark };
  }

  restore(copy: ReturnType<Tables['copy']>): void {
    this.#tags = new Map(copy.tags);
    this.#mark = copy.mark;
  }

  readIdTagPage = async (after: string | null, limit: number): Promise<IdTagRow[]> => {
    const page = await this.#page(this.#tags, after, limit);
    this.onPage();
    return page;
  };
  readIdTagChanges = async (mark: string | null): Promise<{ rows: IdTagRow[]; mark: string }> => {
    const changes = await this.#changes(this.#tags, mark);
    if (mark !== null) this.changesRead++;
    return changes;
  };
  findIdTags = async (keys: string[]): Promise<IdTagRow[]> => this.#find(this.#tags, keys);
  readChargePointPage = async (after: string | null, limit: number): Promise<ChargePointEntry[]> =>
    this.#page(this.#chargePoints, after, limit);
  readChargePointChanges = async (mark: string | null): Promise<{ rows: ChargePointEntry[]; mark: string }> =>
    this.#changes(this.#chargePoints, mark);
  findChargePoints = async (ids: string[]): Promise<ChargePointEntry[]> => this.#find(this.#chargePoints, ids);

  async #page<Row>(table: Map<string, { row: Row }>, after: string | null, limit: number): Promise<Row[]> {
    await this.#answer();
    const keys = [...table.keys()].filter((key) => after === null || key > after).sort();
    return keys.slice(0, limit).map((key) => table.get(key)!.row);
  }

  async #changes<Row>(
    table: Map<string, { row: Row; mark: number }>,
    since: string | null,
  ): Promise<{ rows: Row[]; mark: string }> {
    await this.#answer();
    const rows = since === null ? [] : [...table.values()].filter(({ mark }) => mark >= Number(since));
    return { rows: rows.map(({ row }) => row), mark: String(this.#mark) };
  }

  async #find<Row>(table: Map<string, { row: Row }>, keys: string[]): Promise<Row[]> {
    this.finds++;
    await this.#answer();
    return keys.flatMap((key) => table.get(key)?.row ?? []);
  }

  async #answer(): Promise<void> {
    if (this.hangs) await new Promise(() => undefined);
    await new Promise(setImmediate);
    if (this.away) throw new Error('away');
  }
}
