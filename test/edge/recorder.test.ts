import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StationEvent } from '../../workflows/events.ts';
import { Journal, type NewEvent } from '../../src/edge/journal.ts';
import { Recorder } from '../../src/edge/recorder.ts';
import { eventually } from './edge.ts';

const log = pino({ level: 'silent' });
const receivedAt = '2026-01-01T00:00:00.000Z';
const connection = '1-1';
const start: NewEvent = {
  kind: 'message',
  receivedAt,
  connection,
  messageId: 'm',
  action: 'StartTransaction',
  at: receivedAt,
  payload: { filler: 'x'.repeat(50_000) },
  answer: { result: {} },
};
const lost = { commandId: 'c', messageId: 'm', action: 'Reset', outcome: { connectionLost: true } } as const;
const callResult: NewEvent = { kind: 'callResult', receivedAt, connection, ...lost };
const disconnected: NewEvent = { kind: 'disconnected', receivedAt, connection, code: 1006, reason: '' };

let folder: string;
let journal: Journal;
let flushed: StationEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocpp-actors-recorder-'));
  journal = Journal.open({ directory: folder, maxBytes: 1_000_000, log });
  flushed = [];
  journal.onFlushed((_chargePointId, event) => flushed.push(event));
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true, force: true });
});

describe('Recorder', () => {
  it('keeps what a full journal refuses, in its order, until there is room', async () => {
    const recorder = new Recorder(journal, log);
    while (recorder.record('CP1', start) !== undefined) await recorder.flushed();
    expect(recorder.health()).toMatchObject({ ok: false, reason: expect.stringContaining('journal holds') });
    const filler: NewEvent = { ...callResult, outcome: { result: { filler: 'x'.repeat(50_000) } } };
    recorder.keep('CP1', filler);
    recorder.keep('CP1', callResult);
    recorder.keep('CP1', disconnected);
    await recorder.flushed();
    expect(flushed.every(({ kind }) => kind === 'message')).toBe(true);
    journal.trim(journal.id, 'CP1', flushed.length);
    await eventually(() => {
      recorder.retryKept();
      return flushed.at(-1)?.kind === 'disconnected';
    }, 'the end is journalled');
    expect(flushed.slice(-3)).toMatchObject([{ kind: 'callResult' }, { kind: 'callResult' }, { kind: 'disconnected' }]);
    expect(recorder.health()).toEqual({ ok: true });
  });

  it('records a message that is too long without the longest of its payload', async () => {
    const recorder = new Recorder(journal, log);
    const long = 'é'.repeat(300_000);
    const payload = { transactionId: 7, transactionData: [long], meterStop: 9, reason: long };
    await recorder.record('CP1', { ...start, payload, raw: long });
    await recorder.record('CP1', { ...start, payload: { transactionId: 8, reason: long }, raw: long });
    expect(flushed).toMatchObject(
      [
        { seq: 1, payload: { transactionId: 7, meterStop: 9, reason: long }, notes: [/transactionData left out/] },
        { seq: 2, payload: { transactionId: 8, reason: long }, notes: [/its frame is not kept whole/] },
      ].map(({ notes: [words], ...each }) => ({
        ...each,
        raw: long.slice(0, 4_096),
        notes: [expect.stringMatching(words!)],
      })),
    );
    expect(flushed[0]).not.toHaveProperty('payload.transactionData');
    expect(recorder.health()).toEqual({ ok: true });
  });

  it('records an event without its payload where that cannot be written', async () => {
    const recorder = new Recorder(journal, log);
    const data: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    await recorder.record('CP1', { ...start, payload: { data }, raw: 'as it came' });
    expect(flushed).toMatchObject([{ payload: {}, raw: 'as it came', notes: [expect.stringContaining('unstorable')] }]);
    expect(recorder.health()).toEqual({ ok: true });
  });
});
