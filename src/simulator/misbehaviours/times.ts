/** Clocks that are wrong, and times in forms that are. */
import type { OutgoingCall } from '../payload.ts';
import type { Misbehaviour } from './misbehaviour.ts';

/** What these stations take for local time, ahead of UTC. */
const ZONE_MS = 2 * 3_600_000;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const times: readonly Misbehaviour[] = [
  {
    name: 'no-zone',
    what: 'UTC without a zone (Growatt THOR)',
    source: 'https://github.com/evcc-io/evcc/issues/10399',
    keepsFacts: true,
    call: inTimes((text) => text.slice(0, -1)),
  },
  {
    name: 'local-time-without-zone',
    what: 'local time, two hours ahead, without a zone (AEFA)',
    source: 'https://github.com/lbbrhzn/ocpp/issues/2032',
    keepsFacts: false,
    call: inTimes((text) => local(text).slice(0, -1)),
  },
  {
    name: 'local-time-as-utc',
    what: 'local time, two hours ahead, with a Z (Chago)',
    source: 'https://github.com/steve-community/steve/issues/136',
    keepsFacts: false,
    call: inTimes(local),
  },
  {
    name: 'offset-without-colon',
    what: 'a zone written as +0200',
    source: 'https://github.com/steve-community/steve/issues/136',
    keepsFacts: true,
    call: inTimes((text) => local(text).replace('Z', '+0200')),
  },
  {
    name: 'clock-1970',
    what: 'knows no time: counts from 1970',
    source: 'https://github.com/matth-x/MicroOcpp/pull/354',
    keepsFacts: false,
    traits: { epochClock: true },
  },
];

function local(text: string): string {
  return new Date(Date.parse(text) + ZONE_MS).toISOString();
}

/** Changes every time in a payload. */
function inTimes(change: (text: string) => string): (call: OutgoingCall) => OutgoingCall {
  const changed = (value: unknown): unknown => {
    if (typeof value === 'string') return UTC.test(value) ? change(value) : value;
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changed(inner)]));
  };
  return ({ action, payload }) => ({ action, payload: changed(payload) });
}
