import type { FeedEvent } from '../../drizzle/queries/events.ts';
import { commandInWords } from './commandWords.ts';
import { printable, type Format } from './output.ts';

type Kind = FeedEvent['kind'];

export const KINDS: Kind[] = ['presence', 'status', 'transaction', 'command', 'meterValues'];

export const KIND_FORMATS: Record<Kind, Format> = {
  presence: 'cyan',
  status: 'blue',
  transaction: 'green',
  command: 'yellow',
  meterValues: 'gray',
};

/** What a row of `event` tells, on one line. */
export function changeInWords({ kind, data }: Pick<FeedEvent, 'kind' | 'data'>): string {
  const words = { presence, status, transaction, command, meterValues }[kind](data);
  return printable(words.filter((word) => word !== null && word !== undefined && word !== '').join(' '));
}

type Words = unknown[];
type Data = Record<string, unknown>;

function presence({ online, vendor, model, firmwareVersion }: Data): Words {
  return [
    online === true ? 'online' : 'offline',
    vendor,
    model,
    firmwareVersion && `firmware ${String(firmwareVersion)}`,
  ];
}

function status({ connectorId, status: word, errorCode, info, vendorErrorCode }: Data): Words {
  return ['connector', connectorId, word, errorCode === 'NoError' ? null : errorCode, vendorErrorCode, info];
}

function transaction({ transactionId, connectorId, idTag, end, energyWh, stopReason }: Data): Words {
  const ended = end === null ? ['charges'] : ['ended', end === 'estimated' ? '(estimated)' : null];
  const energy = typeof energyWh === 'number' ? `${energyWh} Wh` : null;
  return [transactionId, 'on connector', connectorId, idTag, ...ended, energy, stopReason];
}

function command(data: Data): Words {
  return [commandInWords(data as unknown as Parameters<typeof commandInWords>[0])];
}

function meterValues({ connectorId, samples }: Data): Words {
  const list = Array.isArray(samples) ? (samples as Data[]) : [];
  const shown = list.map(({ measurand, phase, value, unit }) =>
    [measurand, phase, value, unit].filter((word) => word !== null && word !== undefined).join(' '),
  );
  return ['connector', connectorId, shown.join(', ')];
}
