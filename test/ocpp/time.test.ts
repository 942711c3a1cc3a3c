import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveTime, parseTimestamp } from '../../src/ocpp/time.ts';

describe('parseTimestamp', () => {
  it('reads every form of RFC 3339 without a note', () => {
    const forms: [text: string, at: string][] = [
      ['2024-06-01T12:00:00Z', '2024-06-01T12:00:00.000Z'],
      ['2024-06-01T12:00:00.5Z', '2024-06-01T12:00:00.500Z'],
      ['2024-06-01T12:00:00.123456789Z', '2024-06-01T12:00:00.123Z'],
      ['2024-06-01T12:00:00.9999Z', '2024-06-01T12:00:00.999Z'],
      ['2024-06-01T14:00:00+02:00', '2024-06-01T12:00:00.000Z'],
      ['2024-06-01T06:30:00.25-05:30', '2024-06-01T12:00:00.250Z'],
      ['2024-06-01T12:00:00+00:00', '2024-06-01T12:00:00.000Z'],
      ['2024-06-01t12:00:00z', '2024-06-01T12:00:00.000Z'],
      ['2024-02-29T23:59:60Z', '2024-03-01T00:00:00.000Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
      ['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
      ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ];
    for (const [text, at] of forms) expect([text, parseTimestamp(text)]).toEqual([text, { at, notes: [] }]);
  });

  it('takes a time without zone as UTC and says so', () => {
    expect(parseTimestamp('2024-06-01T12:00:00.5', 'meterValue[0].timestamp')).toEqual({
      at: '2024-06-01T12:00:00.500Z',
      notes: ['noZone: meterValue[0].timestamp "2024-06-01T12:00:00.5" taken as UTC'],
    });
  });

  it('reads other forms seen in the field and names them', () => {
    const forms = ['2024-06-01T14:00:00+0200', '2024-06-01T14:00:00+02', '2024-06-01 12:00:00Z', '2024-06-01T12:00Z'];
    for (const text of [...forms, '2024-06-01T12:00:00,000Z', ' 2024-06-01T12:00:00Z ', '2024-06-01T12:00:00 Z']) {
      const parsed = parseTimestamp(text);
      expect([text, parsed?.at]).toEqual([text, '2024-06-01T12:00:00.000Z']);
      expect(parsed?.notes).toEqual([expect.stringMatching(/^timestampForm: timestamp "/)]);
    }
  });

  it('reads nothing else', () => {
    const texts = ['', 'now', '2024-06-01', '12:00:00Z', '2024-13-01T00:00:00Z', '2023-02-29T00:00:00Z', '1717243200'];
    const ranges = [
      '2024-06-01T24:00:00Z',
      '2024-06-01T12:60:00Z',
      '2024-06-01T12:00:61Z',
      '2024-06-01T12:00:00+24:00',
    ];
    const edges = ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00'];
    for (const text of [...texts, ...ranges, ...edges, null, undefined, 5, {}]) {
      expect([text, parseTimestamp(text)]).toEqual([text, undefined]);
    }
  });

  it('agrees with Date wherever both read a time', () => {
    const date = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (instant, offsetMinutes) => {
        const local = new Date(instant.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
        const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
        const offset = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        const parsed = parseTimestamp(`${local}${offsetMinutes < 0 ? '-' : '+'}${offset}`);
        expect(parsed).toEqual({ at: instant.toISOString(), notes: [] });
      }),
    );
  });
});

describe('effectiveTime', () => {
  const receivedAt = '2024-06-01T12:00:00.000Z';

  it('is the time of the station from 30 days before to 5 minutes after the receipt', () => {
    for (const text of ['2024-05-02T12:00:00Z', '2024-06-01T11:00:00Z', '2024-06-01T12:01:00Z']) {
      expect(effectiveTime(text, receivedAt)).toEqual({ at: parseTimestamp(text)?.at, plausible: true, notes: [] });
    }
  });

  it('is noted where it is more than a minute after the receipt', () => {
    for (const [text, distance] of [
      ['2024-06-01T12:01:30Z', '90 seconds'],
      ['2024-06-01T12:05:00Z', '5 minutes'],
    ]) {
      expect(effectiveTime(text, receivedAt)).toEqual({
        at: parseTimestamp(text)?.at,
        plausible: true,
        notes: [`clockAhead: timestamp "${text}" is ${distance} after the receipt`],
      });
    }
  });

  it('is the receipt, with a note, for a time outside of that', () => {
    const times = ['2024-05-02T11:59:59Z', '2024-06-01T12:05:01Z', '1970-01-01T00:00:10Z', '2099-01-01T00:00:00Z'];
    for (const text of times) {
      const { at, plausible, notes } = effectiveTime(text, receivedAt);
      expect([text, at, plausible]).toEqual([text, receivedAt, false]);
      expect(notes).toEqual([
        expect.stringMatching(/^implausibleTime: timestamp ".*" is \d+ (days|minutes) (before|after) the receipt/),
      ]);
    }
  });

  it('is the receipt, with a note, for a text that is no time', () => {
    const { at, plausible, notes } = effectiveTime('yesterday', receivedAt);
    expect([at, plausible]).toEqual([receivedAt, false]);
    expect(notes).toEqual([expect.stringContaining('unreadableTime: timestamp "yesterday"')]);
  });

  it('is the receipt without a note where the station sent no time', () => {
    expect(effectiveTime(undefined, receivedAt)).toEqual({ at: receivedAt, plausible: false, notes: [] });
  });

  it('keeps the note of an odd form that is plausible', () => {
    const { plausible, notes } = effectiveTime('2024-06-01T11:59:00', receivedAt);
    expect(plausible).toBe(true);
    expect(notes).toEqual([expect.stringContaining('noZone')]);
  });
});
