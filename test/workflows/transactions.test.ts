import { describe, expect, it } from 'vitest';
import { nextTick, tick } from '../../workflows/state/actor.ts';
import { Station } from './station.ts';

const online = () => new Station().connects('1-1').boots().wait(60_000);

describe('a transaction', () => {
  it('has the energy between meterStart and meterStop', () => {
    const station = online().starts(7, { meterStart: 1_000 }).wait(60_000).stops(7, 8_500);
    expect(station.state.transactions[7]).toMatchObject({ end: 'station', energyWh: 7_500, stopReason: 'Local' });
  });

  it('is assembled when its stop comes before its start', () => {
    const station = online();
    const startAt = station.instant;
    station.wait(60_000).stops(7, 500);
    expect(station.state.transactions[7]).toMatchObject({ startedAt: null, end: 'station', energyWh: null });
    station.starts(7, { meterStart: 100, at: startAt });
    expect(station.state.transactions[7]).toMatchObject({ startedAt: startAt, end: 'station', energyWh: 400 });
  });

  it('claims no energy when meterStop is below meterStart', () => {
    const station = online().starts(7, { meterStart: 900 }).stops(7, 100);
    expect(station.state.transactions[7]?.energyWh).toBeNull();
    expect(station.state.transactions[7]?.notes.join()).toContain('no energy is claimed');
  });

  it('is one, reached by both ids, when two edges answered its start', () => {
    const station = online();
    const at = station.instant;
    station.starts(7, { at }).starts(10_007, { at });
    expect(Object.keys(station.state.transactions)).toEqual(['7']);
    station.wait(1_000).stops(10_007, 300);
    expect(station.state.transactions[7]).toMatchObject({ aliases: [10_007], end: 'station', energyWh: 200 });
  });

  it('is not opened twice by a repeated start', () => {
    const station = online().starts(7);
    station.starts(7);
    expect(station.judged.at(-1)).toMatchObject({ repeatOf: 'transaction 7' });
  });

  it('takes the first real stop and keeps a second one as evidence', () => {
    const station = online().starts(7).wait(1_000).stops(7, 300).wait(1_000).stops(7, 900);
    expect(station.state.transactions[7]).toMatchObject({ meterStop: 300, energyWh: 200 });
    expect(station.state.transactions[7]?.notes.join()).toContain('second stop');
  });

  it('gets a stop for -1 only when it is the only open one and time, meter and tag fit', () => {
    const one = online().starts(7).wait(1_000).stops(-1, 300);
    expect(one.state.transactions[7]?.end).toBe('station');
    const two = online().starts(7).starts(8, { connectorId: 2 }).stops(-1, 300);
    expect(two.state.transactions[7]?.end).toBeNull();
    const otherTag = online().starts(7).wait(1_000).stops(-1, 300, { idTag: 'OTHER' });
    expect(otherTag.state.transactions[7]?.end).toBeNull();
    const lower = online().starts(7, { meterStart: 500 }).wait(1_000).stops(0, 300);
    expect(lower.state.transactions[7]?.end).toBeNull();
  });

  it('attributes meter values for -1 to the only open transaction of the connector', () => {
    const station = online().starts(7).meters(-1, 150);
    expect(station.judged.at(-1)?.transactionId).toBe(7);
    expect(station.state.transactions[7]?.lastReadingWh).toBe(150);
  });
});

describe('a transaction whose stop never came', () => {
  const quarter = 15 * 60_000;

  it('ends as estimated at its last reading, 15 minutes of online time after its connector is Available', () => {
    const station = online().starts(7, { meterStart: 100 }).wait(60_000).meters(7, 700);
    const reading = station.state.transactions[7]?.lastReadingAt;
    station.wait(60_000).status('Available');
    expect(nextTick(station.state)).toBe(station.now + quarter);
    expect(tick(station.state, station.now + quarter - 1)).toBe(station.state);
    const ended = tick(station.state, station.now + quarter).transactions[7];
    expect(ended).toMatchObject({ end: 'estimated', stoppedAt: reading, meterStop: 700, energyWh: 600 });
  });

  it('goes on when its meter values go on', () => {
    const station = online().starts(7).wait(1_000).status('Available').wait(60_000).meters(7, 700);
    expect(station.state.transactions[7]?.grace).toBeNull();
  });

  it('is corrected by the real stop', () => {
    const station = online().starts(7, { meterStart: 100 }).wait(1_000).boots();
    station.state = tick(station.state, station.now + quarter);
    expect(station.state.transactions[7]?.end).toBe('estimated');
    station.stops(7, 4_100);
    expect(station.state.transactions[7]).toMatchObject({ end: 'station', meterStop: 4_100, energyWh: 4_000 });
  });

  it('does not use up its grace while the station is away', () => {
    const station = online()
      .starts(7)
      .wait(1_000)
      .status('Available')
      .wait(quarter / 2)
      .disconnects();
    station.wait(10 * quarter);
    expect(tick(station.state, station.now)).toBe(station.state);
    station.connects('1-2');
    expect(nextTick(station.state) - station.now).toBeLessThanOrEqual(quarter / 2);
    expect(nextTick(station.state) - station.now).toBeGreaterThan(quarter / 2 - 1_000);
  });

  it('is suspected when the next one starts on its connector, also when that start is replayed late', () => {
    const station = online();
    const early = station.instant;
    station.wait(60_000).starts(8).starts(7, { at: early, meterStart: 5 });
    expect(station.state.transactions[7]?.grace).not.toBeNull();
    expect(station.state.transactions[8]?.grace).toBeNull();
  });
});
