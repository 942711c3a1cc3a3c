import { describe, expect, it } from 'vitest';
import { asEventBatch } from '../../workflows/state/inbound.ts';
import { apply } from '../../workflows/state/inputs.ts';
import { newest, spokenOn, unknownSpokenOn } from '../../workflows/state/connections.ts';
import { Station } from './station.ts';

const AT = '2026-03-01T12:10:00.000Z';
const OPENED = '2026-03-01T12:05:00.000Z';
const open = (connection: string) => ({ connection, journal: 1, taskQueue: 'edge-1', openedAt: OPENED });

describe('what an edge tells ahead of its events', () => {
  it('is where the station stands, whatever older events say until they have caught up', () => {
    const station = new Station().connects('1-1');
    const ahead = { upTo: { 1: 5 }, open: [open('1-3')] };
    station.state = apply(station.state, { kind: 'ahead', ahead, at: AT });
    const shown = () => station.state.connections.map((c) => c.connection);
    expect(shown()).toEqual(['1-3']);
    expect(station.state.chargePoint).toMatchObject({ online: true });
    station.disconnects().connects('1-2');
    expect(shown()).toEqual(['1-3']);
    station.disconnects().connects('1-3');
    expect(shown()).toEqual(['1-3']);
    expect(station.state.ahead).toBeUndefined();
    station.connects('1-4');
    expect(newest(station.state.connections)?.connection).toBe('1-4');
  });

  it('shows a station as offline at once, and one that came online since when', () => {
    const station = new Station().connects('1-1');
    station.state = apply(station.state, { kind: 'ahead', ahead: { upTo: { 1: 2 }, open: [] }, at: AT });
    expect(station.state.chargePoint).toMatchObject({ online: false, offlineSince: AT });
    station.state = apply(station.state, { kind: 'ahead', ahead: { upTo: { 1: 3 }, open: [open('1-2')] }, at: AT });
    expect(station.state.chargePoint).toMatchObject({ online: true, onlineSince: OPENED });
  });

  it('counts a station as online since it is back, where all connections that it had have ended meanwhile', () => {
    const station = new Station().connects('1-1');
    const before = station.state.chargePoint.onlineSince;
    const told = (...connections: string[]) => {
      const ahead = { upTo: { 1: station.seq + 9 }, open: connections.map(open) };
      station.state = apply(station.state, { kind: 'ahead', ahead, at: AT });
      return station.state.chargePoint;
    };
    expect(told('1-1', '1-2')).toMatchObject({ online: true, onlineSince: before });
    expect(told('1-2')).toMatchObject({ online: true, onlineSince: before });
    expect(told('1-3')).toMatchObject({ online: true, onlineSince: OPENED, offlineSince: null });
  });

  it("leaves other edges' connections alone", () => {
    const station = new Station().connects('1-1');
    station.state = apply(station.state, { kind: 'ahead', ahead: { upTo: { 2: 4 }, open: [] }, at: AT });
    expect(station.state.connections).toMatchObject([{ connection: '1-1' }]);
  });

  it('is left out where it cannot be read: its events still count', () => {
    const batch = { journal: 1, after: 0, events: [], ahead: { upTo: { 1: 'x' }, open: [] } };
    expect(asEventBatch(batch)).toEqual({ batch: { ...batch, ahead: undefined } });
  });
});

describe('a connection that was taken for ended', () => {
  it('is open again when the station speaks on it', () => {
    const station = new Station().connects('1-1').boots();
    station.state = apply(station.state, { kind: 'connectionGone', connection: '1-1', at: AT });
    expect(station.state.chargePoint.online).toBe(false);
    const batch = { journal: 1, after: station.seq, events: [station.message('Heartbeat', {})] };
    expect(spokenOn(station.state, batch)).toEqual(['1-1']);
    station.state = apply(station.state, { kind: 'reopened', connections: ['1-1'] });
    expect(station.state).toMatchObject({ connections: [{ connection: '1-1', booted: true }], doubted: [] });
    expect(station.state.chargePoint.online).toBe(true);
  });

  it('stays closed when its own edge has said so, though messages of it come later', () => {
    const station = new Station().connects('1-1');
    station.state = apply(station.state, { kind: 'connectionGone', connection: '1-1', at: AT });
    station.disconnects();
    const batch = { journal: 1, after: station.seq, events: [station.message('Heartbeat', {})] };
    expect(spokenOn(station.state, batch)).toEqual([]);
  });

  it('may be one that a copy of its edge has told as ended', () => {
    const station = new Station().connects('1-1');
    const told = station.event('disconnected', { code: 1006, reason: 'edge ended', seq: 1 });
    station.sayIn(2, told);
    expect(station.state.connections).toEqual([]);
    const batch = { journal: 1, after: 1, events: [{ ...station.message('Heartbeat', {}), seq: 2 }] };
    expect(spokenOn(station.state, batch)).toEqual(['1-1']);
  });
});

describe('a connection that is not known at all', () => {
  const batchOf = (station: Station, ...events: ReturnType<Station['event']>[]) => ({
    journal: 1,
    after: (events[0]?.seq ?? 1) - 1,
    events,
  });
  /** Born of rows in which a copy of its edge has closed the connection that the station speaks on. */
  const bornWithout = (connection: string) => {
    const station = new Station();
    station.connection = connection;
    return station;
  };

  it('is open when the station speaks on it', () => {
    const station = bornWithout('1-7');
    const batch = batchOf(station, station.message('Heartbeat', {}), station.message('Heartbeat', {}));
    const unknown = unknownSpokenOn(station.state, batch);
    expect(unknown).toEqual([
      { connection: '1-7', journal: 1, taskQueue: 'edge-1', openedAt: batch.events[0]?.receivedAt, booted: true },
    ]);
    station.state = apply(station.state, { kind: 'reopened', connections: [], unknown });
    expect(station.state).toMatchObject({ connections: unknown, chargePoint: { online: true } });
    expect(unknownSpokenOn(station.state, batch)).toEqual([]);
  });

  it('is not, where the batch has its beginning or its end, is of another edge, was seen, or is told ahead', () => {
    const station = bornWithout('1-7');
    const message = station.message('Heartbeat', {});
    const none = (...events: ReturnType<Station['event']>[]) =>
      expect(unknownSpokenOn(station.state, batchOf(station, ...events))).toEqual([]);
    none(station.event('connected', { taskQueue: 'edge-1' }), message);
    none(message, station.event('disconnected', { code: 1006 }));
    none({ ...message, connection: '2-7' });
    const { state } = station;
    station.state = { ...state, cursors: { 1: message.seq } };
    none(message);
    station.state = { ...state, ahead: { 1: message.seq } };
    none(message);
  });
});
