import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalFull, type Journal, type NewEvent } from '../../src/edge/journal.ts';
import type { StationEvent } from '../../workflows/events.ts';
import { connected, disconnected, malformed, MANY, message, openJournal, temporaryDirectory } from './journalEvents.ts';

let directory: string;
let remove: () => void;
const opened: Journal[] = [];

beforeEach(() => {
  ({ directory, remove } = temporaryDirectory());
});

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  remove();
});

describe('Journal', () => {
  it('numbers the events of each charge point densely from 1', async () => {
    const journal = open();
    expect(journal.append('A', malformed('1')).seq).toBe(1);
    expect(journal.append('A', malformed('2')).seq).toBe(2);
    expect(journal.append('B', malformed('1')).seq).toBe(1);
    await journal.append('A', malformed('3')).flushed;
    expect(eventsOf(journal, journal.id, 'A').map((event) => event.seq)).toEqual([1, 2, 3]);
    expect(eventsOf(journal, journal.id, 'B').map((event) => event.seq)).toEqual([1]);
  });

  it('keeps text of any kind as it was', async () => {
    const journal = open();
    const raw = '\u0000 \ud800 ü 漢 🔌 "\\';
    await journal.append('säule/1 \u0000', malformed(raw)).flushed;
    expect(eventsOf(journal, journal.id, 'säule/1 \u0000')).toMatchObject([{ kind: 'malformed', raw }]);
  });

  it('keeps charge points apart whose ids begin alike', async () => {
    const journal = open();
    await Promise.all(['A', 'AB', 'A B', 'A\u0000B', 'a'].map((id) => journal.append(id, malformed(id)).flushed));
    for (const id of ['A', 'AB', 'A B', 'A\u0000B', 'a']) {
      expect(eventsOf(journal, journal.id, id)).toMatchObject([{ seq: 1, raw: id }]);
    }
  });

  it('tells of events in their order, and only when they are on the disk', async () => {
    const journal = open();
    const told: number[] = [];
    journal.onFlushed((_, event) => told.push(event.seq));
    const { flushed } = journal.append('A', malformed('1'));
    journal.append('A', malformed('2'));
    expect(told).toEqual([]);
    expect(journal.read(journal.id, 'A', 0, MANY).texts).toEqual([]);
    await flushed;
    expect(told).toEqual([1, 2]);
  });

  it('reads no more than the limit, but at least one event', async () => {
    const journal = open();
    for (let count = 0; count < 9; count++) journal.append('A', malformed('x'.repeat(1_000)));
    await journal.append('A', malformed('last')).flushed;
    expect(journal.read(journal.id, 'A', 0, { bytes: 10, events: 100 })).toMatchObject({ last: 1 });
    expect(journal.read(journal.id, 'A', 1, { bytes: 3_500, events: 100 })).toMatchObject({ last: 4 });
    expect(journal.read(journal.id, 'A', 4, { bytes: 1e6, events: 2 })).toMatchObject({ last: 6 });
    expect(journal.read(journal.id, 'A', 10, MANY)).toMatchObject({ texts: [], last: 10 });
  });

  it('gives every boot a greater id, and reads what earlier ones left under theirs', async () => {
    const first = open();
    await first.append('A', malformed('first')).flushed;
    await first.close();
    const second = open();
    await second.append('A', malformed('second')).flushed;
    await second.close();
    const third = open();
    expect(first.id).toBeLessThan(second.id);
    expect(second.id).toBeLessThan(third.id);
    expect(Number.isSafeInteger(third.id)).toBe(true);
    expect(third.streams()).toEqual([
      {
        chargePointId: 'A',
        journals: [
          { journal: first.id, first: 1, last: 1 },
          { journal: second.id, first: 1, last: 1 },
        ],
      },
    ]);
    expect(eventsOf(third, first.id, 'A')).toMatchObject([{ raw: 'first' }]);
    expect(third.append('A', malformed('third')).seq).toBe(1);
  });

  it('knows the last number also when everything is trimmed', async () => {
    const first = open();
    await first.append('A', connected(`${first.id}-1`)).flushed;
    await first.append('A', malformed('2')).flushed;
    first.trim(first.id, 'A', 2);
    await first.close();
    const second = open();
    expect(second.streams()).toEqual([]);
    expect(await second.closeOpenConnections()).toBe(1);
    expect(second.streams()).toEqual([]);
    expect(second.oldJournals()).toEqual([first.id]);
    await second.close();
    const third = open();
    expect(third.streams()).toMatchObject([{ journals: [{ journal: second.id, first: 1, last: 1 }] }]);
  });

  it('ends the connections of earlier boots once, and not those that were closed', async () => {
    const first = open();
    first.append('A', connected(`${first.id}-1`));
    first.append('A', connected(`${first.id}-2`));
    first.append('A', disconnected(`${first.id}-1`));
    first.append('B', connected(`${first.id}-3`));
    await first.append('B', disconnected(`${first.id}-3`)).flushed;
    await first.close();
    const second = open();
    expect(await second.closeOpenConnections()).toBe(1);
    expect(eventsOf(second, second.id, 'A')).toMatchObject([
      {
        seq: 1,
        kind: 'disconnected',
        connection: `${first.id}-2`,
        code: 1006,
        reason: 'edge ended',
        lastKnown: 3,
      },
    ]);
    await second.close();
    const third = open();
    expect(await third.closeOpenConnections()).toBe(0);
  });

  it('gives no number of an earlier journal again: that one may have gone on beside a copy of its folder', async () => {
    const first = open();
    await first.append('A', connected(`${first.id}-1`)).flushed;
    await first.close();
    const copy = open();
    await copy.closeOpenConnections();
    expect(eventsOf(copy, first.id, 'A').map(({ seq }) => seq)).toEqual([1]);
  });

  it('forgets a drained journal, and no other', async () => {
    const first = open();
    first.append('A', malformed('1'));
    await first.append('A', malformed('2')).flushed;
    await first.close();
    const second = open();
    expect(second.isDrained(first.id)).toBe(false);
    expect(() => second.forget(first.id)).toThrow('still has events');
    second.trim(first.id, 'A', 1);
    expect(second.isDrained(first.id)).toBe(false);
    second.trim(first.id, 'A', 99);
    expect(second.isDrained(first.id)).toBe(true);
    expect(second.isDrained(second.id)).toBe(false);
    second.forget(first.id);
    await second.close();
    expect(open().oldJournals()).toEqual([]);
  });

  it('refuses ordinary events first, transactions last, and takes all again when it is trimmed', async () => {
    const journal = open(1_000_000);
    const ordinary = await fill(journal, () => malformed('x'.repeat(400)));
    expect(ordinary).toBeGreaterThan(500);
    const transactions = await fill(journal, () => message('MeterValues', { meterValue: ['x'.repeat(300)] }));
    expect(transactions).toBeGreaterThan(100);
    const { bytes, limitBytes } = journal.size();
    expect(bytes).toBeGreaterThan(limitBytes);
    // What was under way when it became full came on top.
    expect(bytes).toBeLessThan(1_500_000);
    journal.trim(journal.id, 'A', ordinary + transactions);
    await expect.poll(() => journal.size().bytes).toBeLessThan(100_000);
    expect(journal.append('A', malformed('again')).seq).toBe(ordinary + transactions + 1);
  });

  it('refuses an id that is no key', () => {
    const journal = open();
    expect(() => journal.append('', malformed(''))).toThrow(RangeError);
    expect(() => journal.append('x'.repeat(256), malformed(''))).toThrow(RangeError);
  });

  it('has every event it reported, without a gap, after kill -9', { timeout: 120_000 }, async () => {
    const stations = 20;
    const script = fileURLToPath(new URL('journal.child.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, directory, String(stations)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const reported = new Map<string, number>();
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [chargePointId = '', seq] = line.split(' ');
      expect(Number(seq)).toBe((reported.get(chargePointId) ?? 0) + 1);
      reported.set(chargePointId, Number(seq));
      if (++lines === 20_000) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const journal = open();
    const [killed = 0] = journal.oldJournals();
    expect(reported.size).toBe(stations);
    for (const [chargePointId, last] of reported) {
      const events = eventsOf(journal, killed, chargePointId);
      expect(events.length).toBeGreaterThanOrEqual(last);
      expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    }
    expect(await journal.closeOpenConnections()).toBe(stations);
  });

  it.skipIf(!canMount())('stays dense, and can be trimmed, when the disk is full', { timeout: 120_000 }, () => {
    const script = fileURLToPath(new URL('journalFull.child.ts', import.meta.url));
    const command = `mount -t tmpfs -o size=48m tmpfs "$2" && exec "$0" --import tsx "$1" "$2"`;
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['-Urm', 'bash', '-c', command, process.execPath, script, directory],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr.split('\n').filter((line) => !line.startsWith('Write error') && line !== '')).toEqual([]);
    expect(JSON.parse(stdout)).toEqual({
      rejectedWhenFull: true,
      denseAcrossFailures: true,
      trimmedWhenFull: true,
      appendsAfterwards: true,
      denseAfterRestart: true,
    });
  });
});

/** A small disk of its own wants user namespaces. */
function canMount(): boolean {
  return spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;
}

function open(maxBytes = 32e6): Journal {
  const journal = openJournal(directory, maxBytes);
  opened.push(journal);
  return journal;
}

/** Appends until the journal refuses; returns how many it took. */
async function fill(journal: Journal, event: () => NewEvent): Promise<number> {
  for (let count = 0; ; count++) {
    try {
      const { flushed } = journal.append('A', event());
      if (count % 100 === 0) await flushed;
    } catch (error) {
      if (!(error instanceof JournalFull)) throw error;
      await journal.store.settled();
      return count;
    }
  }
}

function eventsOf(journal: Journal, id: number, chargePointId: string, after = 0): StationEvent[] {
  return journal.read(id, chargePointId, after, MANY).texts.map((text) => JSON.parse(text) as StationEvent);
}
