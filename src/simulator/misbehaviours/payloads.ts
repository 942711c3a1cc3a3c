/** Payloads that break their schema. */
import type { OutgoingCall, Payload } from '../payload.ts';
import type { Misbehaviour } from './misbehaviour.ts';

export const payloads: readonly Misbehaviour[] = [
  {
    name: 'empty-vendor',
    what: 'chargePointVendor is empty (Huawei)',
    source: 'https://github.com/evcc-io/evcc/issues/32170',
    keepsFacts: true,
    call: inAction('BootNotification', (payload) => ({ ...payload, chargePointVendor: '' })),
  },
  {
    name: 'long-serial',
    what: 'serial number of 34 characters, 25 are allowed (Schneider EVlink)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/213',
    keepsFacts: true,
    call: inAction('BootNotification', (payload) => ({
      ...payload,
      chargePointSerialNumber: 'EVB1A22PCRI'.padEnd(34, '0'),
    })),
  },
  {
    name: 'long-model',
    what: 'model of 23 characters, 20 are allowed (HICI)',
    source: 'https://github.com/lorenzodonini/ocpp-go/issues/359',
    keepsFacts: true,
    call: inAction('BootNotification', (payload) => ({ ...payload, chargePointModel: 'HICI-AC-WALLBOX-22KW-EU' })),
  },
  {
    name: 'long-info',
    what: 'StatusNotification.info of 80 characters, 50 are allowed (Etrel)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/987',
    keepsFacts: true,
    call: inAction('StatusNotification', (payload) => ({ ...payload, info: 'connector '.padEnd(80, '.') })),
  },
  {
    name: 'object-meter-value',
    what: 'meterValue is an object instead of an array (Huawei)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1144',
    keepsFacts: true,
    call: inAction('MeterValues', ({ meterValue, ...rest }) => ({ ...rest, meterValue: (meterValue as unknown[])[0] })),
  },
  {
    name: 'number-values',
    what: 'sampled values are numbers instead of texts (OpenEVSE)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/210',
    keepsFacts: true,
    call: inSamples((sample) => ({ ...sample, value: Number(sample.value) })),
  },
  {
    name: 'odd-measurand',
    what: 'a measurand "Request.Energy" beside the others',
    source: 'https://github.com/mobilityhouse/ocpp/issues/54',
    keepsFacts: false,
    call: inSampleLists((samples) => [...samples, { value: '7', measurand: 'Request.Energy' }]),
  },
  {
    name: 'odd-context',
    what: 'a reading context the specification does not know (Alfen)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/361',
    keepsFacts: true,
    call: inSamples((sample) => ({ ...sample, context: 'Sample.Random' })),
  },
  {
    name: 'odd-unit',
    what: 'a further sample with a unit the specification does not know',
    source: 'https://github.com/lbbrhzn/ocpp/issues/1627',
    keepsFacts: false,
    call: inSampleLists((samples) => [...samples, { value: '49.98', measurand: 'Frequency', unit: 'Hertz' }]),
  },
  {
    name: 'empty-sampled-value',
    what: 'sampledValue is an empty list',
    source: 'https://github.com/lbbrhzn/ocpp/issues/466',
    keepsFacts: false,
    call: inSampleLists(() => []),
  },
  {
    name: 'phases-without-sum',
    what: 'energy by phase, and no overall value',
    source: 'https://github.com/lbbrhzn/ocpp/pull/1925',
    keepsFacts: false,
    call: inSampleLists((samples) =>
      samples.flatMap((sample) =>
        sample.measurand === 'Energy.Active.Import.Register'
          ? ['L1', 'L2', 'L3'].map((phase) => ({
              ...sample,
              phase,
              value: String(Math.floor(Number(sample.value) / 3)),
            }))
          : [sample],
      ),
    ),
  },
  {
    name: 'null-payload',
    what: 'a payload without fields is null',
    source: 'https://github.com/steve-community/steve/issues/1109',
    keepsFacts: true,
    call: (call) => (call.action === 'Heartbeat' ? { ...call, payload: null } : call),
  },
  {
    name: 'null-fields',
    what: 'fields without a value are null instead of absent',
    source: 'https://github.com/steve-community/steve/issues/1109',
    keepsFacts: true,
    call: inAction('StatusNotification', (payload) => ({
      ...payload,
      info: null,
      vendorId: null,
      vendorErrorCode: null,
    })),
  },
  {
    name: 'reservation-zero',
    what: 'reservationId 0 stands for none (Growatt THOR)',
    source: 'https://github.com/evcc-io/evcc/issues/10399',
    keepsFacts: true,
    call: inAction('StartTransaction', (payload) => ({ reservationId: 0, ...payload })),
  },
];

/** Changes the payload of one action. */
export function inAction(action: string, change: (payload: Payload) => Payload): (call: OutgoingCall) => OutgoingCall {
  return (call) => (call.action === action ? { action, payload: change(call.payload as Payload) } : call);
}

function inSamples(change: (sample: Payload) => Payload): (call: OutgoingCall) => OutgoingCall {
  return inSampleLists((samples) => samples.map(change));
}

function inSampleLists(change: (samples: Payload[]) => Payload[]): (call: OutgoingCall) => OutgoingCall {
  return inAction('MeterValues', ({ meterValue, ...rest }) => ({
    ...rest,
    meterValue: (meterValue as Payload[]).map((entry) => ({
      ...entry,
      sampledValue: change(entry.sampledValue as Payload[]),
    })),
  }));
}
