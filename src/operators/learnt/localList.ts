import type { Instant } from '../../../workflows/events.ts';
import {
  compare,
  inOrder,
  instantIn,
  integerIn,
  objectIn,
  objectsIn,
  sourceOf,
  statusOf,
  textIn,
  type AnsweredCommand,
  type Source,
} from './answered.ts';

export interface LearntLocalList {
  /** False: the station said that it has no local list; null: it said nothing. */
  supported: boolean | null;
  /** 0: empty (OCPP 1.6 §5.10); null: not known. */
  version: (Source & { value: number }) | null;
  /** When what is in the list became known; null: it is not. */
  knownSince: Instant | null;
  /** By id tag; null: not known until the next Full list. */
  items: LocalListEntry[] | null;
}

export interface LocalListEntry extends Source {
  idTag: string;
  status: string;
  expiryDate: Instant | null;
  parentIdTag: string | null;
}

/** The local authorization list: SendLocalList (OCPP 1.6 §5.15) and GetLocalListVersion (§5.10, erratum 3.52). */
export function foldLocalList(commands: readonly AnsweredCommand[]): LearntLocalList {
  let list: List = { supported: null, version: null, knownSince: null, entries: null };
  for (const command of inOrder(commands)) {
    if (command.action === 'SendLocalList') list = afterSending(list, command);
    if (command.action === 'GetLocalListVersion') list = afterAsking(list, command);
  }
  const { entries, ...rest } = list;
  const items = entries && [...entries.values()].toSorted((a, b) => compare(keyOf(a.idTag), keyOf(b.idTag)));
  return { ...rest, items };
}

interface List extends Omit<LearntLocalList, 'items'> {
  entries: ReadonlyMap<string, LocalListEntry> | null;
}

/** Id tags are compared without regard to case (§7.28). */
const keyOf = (idTag: string) => idTag.toUpperCase();

function afterSending(list: List, command: AnsweredCommand): List {
  const payload = objectIn(command.payload) ?? {};
  const version = integerIn(payload.listVersion);
  const isFull = payload.updateType === 'Full';
  if (version === undefined) return list;
  switch (statusOf(command.answer)) {
    case 'Accepted': {
      const base = isFull ? NO_ENTRIES : list.entries;
      return {
        supported: true,
        version: { value: version, ...sourceOf(command) },
        knownSince: base && command.answeredAt,
        entries: base && merged(base, payload.localAuthorizationList, command),
      };
    }
    case 'NotSupported':
      return notSupported();
    case 'VersionMismatch':
      // It has a newer list than it was given here.
      return list.version !== null && list.version.value < version ? { ...list, version: null, ...UNKNOWN } : list;
    default:
      return list;
  }
}

function afterAsking(list: List, command: AnsweredCommand): List {
  const told = integerIn(objectIn(command.answer)?.listVersion);
  if (told === undefined) return list;
  if (told < 0) return notSupported();
  const version = { value: told, ...sourceOf(command) };
  if (told === 0) {
    const isAsKnown = list.entries?.size === 0;
    return {
      supported: true,
      version,
      knownSince: isAsKnown ? list.knownSince : command.answeredAt,
      entries: NO_ENTRIES,
    };
  }
  return told === list.version?.value ? { ...list, version } : { supported: true, version, ...UNKNOWN };
}

const NO_ENTRIES: ReadonlyMap<string, LocalListEntry> = new Map();
const UNKNOWN = { knownSince: null, entries: null };

function notSupported(): List {
  return { supported: false, version: null, ...UNKNOWN };
}

function merged(
  base: ReadonlyMap<string, LocalListEntry>,
  sent: unknown,
  command: AnsweredCommand,
): ReadonlyMap<string, LocalListEntry> {
  const entries = new Map(base);
  for (const { idTag, idTagInfo } of objectsIn(sent) ?? []) {
    if (typeof idTag !== 'string') continue;
    const info = objectIn(idTagInfo);
    const status = textIn(info?.status);
    if (info === undefined) entries.delete(keyOf(idTag));
    if (status === undefined) continue;
    const expiryDate = instantIn(info?.expiryDate) ?? null;
    const parentIdTag = textIn(info?.parentIdTag) ?? null;
    entries.set(keyOf(idTag), { idTag, status, expiryDate, parentIdTag, ...sourceOf(command) });
  }
  return entries;
}
