/** Frames as stations send them, and what becomes of them on bad days. Everything from a seed, so that a run can be repeated. */
import type { Random } from '../src/simulator/random.ts';

/** A sound CALL with this message id. */
export function soundFrame(random: Random, messageId: string): unknown[] {
  const [action, payload] = random.pick(sound(random));
  return [2, messageId, action, payload];
}

/** The text of a CALL with zero to four faults in it; the message id may be gone afterwards. */
export function faultyText(random: Random, messageId: string): string {
  let frame: unknown = soundFrame(random, messageId);
  for (let faults = Math.floor(random.next() * 3); faults > 0; faults--) frame = withOddValue(random, frame);
  let text = withNesting(JSON.stringify(frame));
  for (let faults = random.next() < 0.4 ? 1 + Math.floor(random.next() * 2) : 0; faults > 0; faults--) {
    text = withBrokenText(random, text);
  }
  return text;
}

/** The id under which an answer has to come; undefined where nothing can be answered. */
export function answerableId(text: string): string | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    if (!Array.isArray(frame) || frame[0] !== 2) return undefined;
    const id: unknown = frame[1];
    const usable = typeof id === 'string' && id !== '' && id.length <= 255 && id.isWellFormed() && !id.includes('\0');
    return usable ? id : undefined;
  } catch {
    return undefined;
  }
}

function sound(random: Random): [action: string, payload: unknown][] {
  const timestamp = new Date(Date.now() - Math.floor(random.next() * 1e6)).toISOString();
  const connectorId = 1 + Math.floor(random.next() * 2);
  const transactionId = Math.floor(random.next() * 1e6);
  const sampledValue = [{ value: String(Math.floor(random.next() * 1e5)), measurand: 'Energy.Active.Import.Register' }];
  const meterValue = [{ timestamp, sampledValue }];
  const idTag = `TAG${Math.floor(random.next() * 100)}`;
  return [
    ['BootNotification', { chargePointVendor: 'Fuzz', chargePointModel: 'One', firmwareVersion: '1.0' }],
    ['Heartbeat', {}],
    ['Authorize', { idTag }],
    ['StatusNotification', { connectorId, status: 'Charging', errorCode: 'NoError', timestamp, info: 'fine' }],
    ['StartTransaction', { connectorId, idTag, meterStart: Math.floor(random.next() * 1e5), timestamp }],
    [
      'StopTransaction',
      { transactionId, idTag, meterStop: 7, timestamp, reason: 'Local', transactionData: meterValue },
    ],
    ['MeterValues', { connectorId, transactionId, meterValue }],
    ['DataTransfer', { vendorId: 'V', messageId: 'M', data: '{"a":[1,2]}' }],
    ['DiagnosticsStatusNotification', { status: 'Uploaded' }],
    ['FirmwareStatusNotification', { status: 'Installed' }],
    ['LogStatusNotification', { status: 'Uploaded', requestId: 3 }],
    ['SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp }],
    ['SignCertificate', { csr: '-----BEGIN CERTIFICATE REQUEST-----' }],
    ['SignedFirmwareStatusNotification', { status: 'Installed', requestId: 3 }],
  ];
}

const ODD_VALUES: unknown[] = [
  null,
  true,
  '',
  ' ',
  '\u0000',
  '\ud800',
  'ﷺ'.repeat(40),
  'x'.repeat(5_000),
  '__proto__',
  '0001-01-01T00:00:00Z',
  '2099-13-45T99:99:99Z',
  0,
  -1,
  -0,
  1e308,
  9_223_372_036_854_775_807n.toString(),
  2 ** 31,
  0.1,
  [],
  {},
  [[[[[[]]]]]],
  { constructor: { prototype: 1 } },
];

/** A value somewhere in the frame is another one, gone, twice, or has something in it that does not belong there. */
function withOddValue(random: Random, value: unknown): unknown {
  const odd = (): unknown =>
    random.next() < 0.05 ? `nested:${Math.floor(random.next() * 6_000)}` : random.pick(ODD_VALUES);
  if (typeof value !== 'object' || value === null || random.next() < 0.05) return odd();
  if (Array.isArray(value)) {
    const position = Math.floor(random.next() * value.length);
    if (random.next() < 0.1) return value.toSpliced(position, 1);
    if (random.next() < 0.1 || value.length === 0) return [...value, odd()];
    return value.with(position, withOddValue(random, value[position]));
  }
  const names = Object.keys(value);
  const name = random.pick([...names, 'unknownProperty']);
  const { [name]: inner, ...others } = value as Record<string, unknown>;
  if (random.next() < 0.15) return others;
  if (random.next() < 0.1) return { ...others, [name.toUpperCase()]: inner };
  return { ...others, [name]: withOddValue(random, inner) };
}

/** What JSON.stringify could not write. */
function withNesting(text: string): string {
  return text.replaceAll(
    /"nested:(\d+)"/g,
    (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)),
  );
}

/** The text itself is damaged, as by a buggy serialiser or a lost byte. */
function withBrokenText(random: Random, text: string): string {
  const at = Math.floor(random.next() * text.length);
  const length = 1 + Math.floor(random.next() * 8);
  switch (Math.floor(random.next() * 6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    case 3:
      return (
        text.slice(0, at) + random.pick([',', '"', '}', ']', '\\', '\\u0000', '\u2028', 'é', '0', '-']) + text.slice(at)
      );
    case 4:
      return text.replaceAll(/\d+/g, (digits) => (random.next() < 0.2 ? `${digits}e9` : digits));
    default:
      return ` ${text}\n`;
  }
}
