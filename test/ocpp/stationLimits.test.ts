import { describe, expect, it } from 'vitest';
import {
  isLimited,
  limitOf,
  refusalByConfiguration,
  startWithinMs,
  type KnownKey,
} from '../../src/ocpp/stationLimits.ts';
import { samples } from './commandSamples.ts';

/** What a station has told: its keys with their values. */
function told(values: Record<string, string | null>, more: Partial<KnownKey> = {}): KnownKey[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, supported: true, readonly: false, ...more }));
}

const all = told({
  ChargeProfileMaxStackLevel: '3',
  ChargingScheduleAllowedChargingRateUnit: 'Current',
  ChargingScheduleMaxPeriods: '2',
  GetConfigurationMaxKeys: '2',
  MeterValuesSampledDataMaxLength: '2',
  ReserveConnectorZeroSupported: 'false',
  SendLocalListMaxLength: '2',
});

function profile({ stackLevel = 0, unit = 'A', periods = 1 } = {}) {
  const chargingSchedulePeriod = Array.from({ length: periods }, (_, i) => ({ startPeriod: i * 60, limit: 16 }));
  return { stackLevel, chargingSchedule: { chargingRateUnit: unit, chargingSchedulePeriod } };
}
const set = (changes: Parameters<typeof profile>[0]) => ({ connectorId: 1, csChargingProfiles: profile(changes) });
const change = (key: string, value: string) => ({ key, value });
const list = (entries: number) => ({ localAuthorizationList: Array.from({ length: entries }, () => ({ idTag: 'T' })) });

describe('a command to a station that has told what it takes', () => {
  it.each<[action: string, payload: Record<string, unknown>, refusal: string]>([
    [
      'ChangeConfiguration',
      change('metervaluessampleddata', 'SoC, Voltage,Temperature'),
      '3 items of MeterValuesSampledData: the charge point takes 2 (its MeterValuesSampledDataMaxLength, OCPP 1.6 §9.1)',
    ],
    [
      'GetConfiguration',
      { key: ['A', 'B', 'C'] },
      '3 keys: the charge point takes 2 (its GetConfigurationMaxKeys, OCPP 1.6 §9.1)',
    ],
    [
      'SetChargingProfile',
      set({ stackLevel: 4 }),
      'stackLevel 4: the charge point takes up to 3 (its ChargeProfileMaxStackLevel, OCPP 1.6 §9.4)',
    ],
    [
      'SetChargingProfile',
      set({ periods: 3 }),
      '3 periods: the charge point takes 2 (its ChargingScheduleMaxPeriods, OCPP 1.6 §9.4)',
    ],
    [
      'RemoteStartTransaction',
      { idTag: 'T', chargingProfile: profile({ unit: 'W' }) },
      'chargingRateUnit W: the charge point takes A (its ChargingScheduleAllowedChargingRateUnit, OCPP 1.6 §9.4)',
    ],
    ['SendLocalList', list(3), '3 entries: the charge point takes 2 (its SendLocalListMaxLength, OCPP 1.6 §9.2)'],
    [
      'ReserveNow',
      { connectorId: 0 },
      'connectorId 0: the charge point takes a reservation of one connector only (its ReserveConnectorZeroSupported, OCPP 1.6 §9.3)',
    ],
  ])('%s: is refused where it takes less', (action, payload, refusal) => {
    expect(isLimited(action, payload)).toBe(true);
    expect(refusalByConfiguration(action, payload, all)).toBe(refusal);
  });

  it('is told of all that is too much', () => {
    const refusal = refusalByConfiguration('SetChargingProfile', set({ stackLevel: 9, periods: 9, unit: 'W' }), all);
    expect(refusal?.split('; ')).toHaveLength(3);
  });

  it.each<[action: string, payload: Record<string, unknown>]>([
    ['ChangeConfiguration', change('MeterValuesSampledData', 'SoC,Voltage')],
    ['ChangeConfiguration', change('MeterValuesSampledData', '')],
    ['ChangeConfiguration', change('MeterValuesAlignedData', 'SoC,Voltage,Temperature')],
    ['ChangeConfiguration', change('VendorsList', 'a,b,c')],
    ['GetConfiguration', { key: ['A', 'B'] }],
    ['GetConfiguration', {}],
    ['SetChargingProfile', set({ stackLevel: 3, periods: 2 })],
    ['RemoteStartTransaction', { idTag: 'T' }],
    ['SendLocalList', list(2)],
    ['SendLocalList', {}],
    ['ReserveNow', { connectorId: 1 }],
  ])('%s %j: goes out where it takes as much', (action, payload) => {
    expect(refusalByConfiguration(action, payload, all)).toBeUndefined();
  });

  it.each(['Current,Power', 'current, power', 'A;W', '"Power"', ' W ', 'Current,Energy', '', null])(
    'takes W by "%s"',
    (value) => {
      const keys = told({ ChargingScheduleAllowedChargingRateUnit: value });
      expect(refusalByConfiguration('SetChargingProfile', set({ unit: 'W' }), keys)).toBeUndefined();
    },
  );

  it('may have only stack level 0', () => {
    const keys = told({ ChargeProfileMaxStackLevel: '0' });
    expect(refusalByConfiguration('SetChargingProfile', set({ stackLevel: 0 }), keys)).toBeUndefined();
    expect(refusalByConfiguration('SetChargingProfile', set({ stackLevel: 1 }), keys)).toContain('up to 0');
  });

  it('is not told to change what it has said is readonly; what it did not have it may have now', () => {
    const payload = change('numberofconnectors', '3');
    expect(refusalByConfiguration('ChangeConfiguration', payload, told({ NumberOfConnectors: '2' }))).toBeUndefined();
    const readonly = told({ NumberOfConnectors: '2' }, { readonly: true });
    expect(refusalByConfiguration('ChangeConfiguration', payload, readonly)).toMatch(
      /^NumberOfConnectors is readonly.*§7\.29/,
    );
    const unsupported = told({ NumberOfConnectors: null }, { supported: false, readonly: true });
    expect(refusalByConfiguration('ChangeConfiguration', payload, unsupported)).toBeUndefined();
  });
});

describe('a station of which nothing is known', () => {
  const nonsense = told({
    ChargeProfileMaxStackLevel: 'many',
    ChargingScheduleMaxPeriods: '0',
    GetConfigurationMaxKeys: '-1',
    ReserveConnectorZeroSupported: 'maybe',
    SendLocalListMaxLength: '1.5',
  });

  it.each(Object.entries(samples))('%s is not refused', (action, { payload }) => {
    expect(refusalByConfiguration(action, payload, [])).toBeUndefined();
    expect(refusalByConfiguration(action, payload, nonsense)).toBeUndefined();
  });

  it.each<[action: string, payload: Record<string, unknown>]>([
    ['ClearCache', {}],
    ['GetConfiguration', {}],
    ['GetConfiguration', { key: ['A'] }],
    ['ReserveNow', { connectorId: 1 }],
    ['SendLocalList', list(1)],
  ])('%s %j: need not be known', (action, payload) => {
    expect(isLimited(action, payload)).toBe(false);
  });

  it('has no limits', () => {
    expect(limitOf([], 'GetConfigurationMaxKeys')).toBeUndefined();
    for (const { key } of nonsense) expect(limitOf(nonsense, key)).toBeUndefined();
  });
});

describe('how long a remote start waits for its transaction', () => {
  it.each<[value: string | null, ms: number | undefined]>([
    ['120', 180_000],
    [' 10', 70_000],
    ['3600', 3_660_000],
    ['0', undefined],
    ['9', undefined],
    ['3601', undefined],
    ['PT2M', undefined],
    [null, undefined],
  ])('ConnectionTimeOut %s: %s ms', (value, ms) => {
    expect(startWithinMs(told({ connectiontimeout: value }))).toBe(ms);
  });
});
