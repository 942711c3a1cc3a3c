import { isAuthorizationKey } from '../../ocpp/secrets.ts';
import type { Instant } from '../../../workflows/events.ts';
import {
  compare,
  inOrder,
  objectIn,
  objectsIn,
  sourceOf,
  statusOf,
  textIn,
  type AnsweredCommand,
  type Source,
} from './answered.ts';

export interface LearntConfiguration {
  /** When all keys were read last; null: never. */
  completeAt: Instant | null;
  /** By key. */
  items: ConfigurationKey[];
}

export interface ConfigurationKey extends Source {
  /** As the station wrote it last. */
  key: string;
  /** False: the station said that it has no such key. */
  supported: boolean;
  /** null: not set, or only to be written (OCPP 1.6 §7.29), or not known. */
  value: string | null;
  /** null: not known. */
  readonly: boolean | null;
  /** What it will be after the next boot of the station. */
  pending: (Source & { value: string }) | null;
}

/**
 * The configuration keys as the answers to GetConfiguration (OCPP 1.6 §5.8) and ChangeConfiguration (§5.3) tell them. Keys are
 * compared without regard to case (§7.29).
 *
 * @param boots when the station booted, as far as it is known: what needed a reboot counts from the next one on
 */
export function foldConfiguration(
  commands: readonly AnsweredCommand[],
  boots: readonly Instant[],
): LearntConfiguration {
  let keys: Keys = new Map();
  let completeAt: Instant | null = null;
  const toCome = boots.toSorted(compare);
  for (const command of inOrder(commands)) {
    for (let boot = toCome[0]; boot !== undefined && boot < command.answeredAt; boot = toCome[0]) {
      booted(keys, boot);
      toCome.shift();
    }
    if (command.action === 'ChangeConfiguration') changed(keys, command);
    if (command.action !== 'GetConfiguration') continue;
    const before = keys;
    if (asksForAll(command) && Array.isArray(objectIn(command.answer)?.configurationKey)) {
      keys = new Map();
      completeAt = command.answeredAt;
    }
    read(keys, before, command);
  }
  for (const boot of toCome) booted(keys, boot);
  return { completeAt, items: [...keys.values()].toSorted((a, b) => compare(nameOf(a.key), nameOf(b.key))) };
}

type Keys = Map<string, ConfigurationKey>;

const nameOf = (key: string) => key.toLowerCase();

/** "If the list of keys in the request PDU is empty or missing" (§5.8). */
function asksForAll({ payload }: AnsweredCommand): boolean {
  const key = objectIn(payload)?.key;
  return key === undefined || (Array.isArray(key) && key.length === 0);
}

function read(keys: Keys, before: Keys, command: AnsweredCommand): void {
  const { configurationKey, unknownKey } = objectIn(command.answer) ?? {};
  for (const said of objectsIn(configurationKey) ?? []) {
    const key = textIn(said.key);
    if (key === undefined) continue;
    const value = textIn(said.value) ?? null;
    const pending = before.get(nameOf(key))?.pending ?? null;
    keys.set(nameOf(key), {
      key,
      supported: true,
      value,
      readonly: typeof said.readonly === 'boolean' ? said.readonly : null,
      pending: pending?.value === value ? null : pending,
      ...sourceOf(command),
    });
  }
  for (const unknown of Array.isArray(unknownKey) ? (unknownKey as unknown[]) : []) {
    if (typeof unknown === 'string') keys.set(nameOf(unknown), unsupported(unknown, command));
  }
}

function changed(keys: Keys, command: AnsweredCommand): void {
  const payload = objectIn(command.payload);
  const [key, value] = [textIn(payload?.key), textIn(payload?.value)];
  if (key === undefined || value === undefined) return;
  // What is set is a secret, also to us.
  if (isAuthorizationKey(key)) return;
  const known = keys.get(nameOf(key));
  const source = sourceOf(command);
  const status = statusOf(command.answer);
  if (status === 'NotSupported') keys.set(nameOf(key), unsupported(key, command));
  if (status === 'Accepted') {
    keys.set(nameOf(key), {
      key: known?.key ?? key,
      supported: true,
      value,
      readonly: false,
      pending: null,
      ...source,
    });
  }
  if (status === 'RebootRequired') {
    const sofar = known?.supported ? known : { key, value: null, ...source };
    keys.set(nameOf(key), { ...sofar, supported: true, readonly: false, pending: { value, ...source } });
  }
}

function unsupported(key: string, command: AnsweredCommand): ConfigurationKey {
  return { key, supported: false, value: null, readonly: null, pending: null, ...sourceOf(command) };
}

function booted(keys: Keys, at: Instant): void {
  for (const [name, { pending, ...known }] of keys) {
    if (pending === null || pending.learntAt >= at) continue;
    const { value, commandId } = pending;
    keys.set(name, { ...known, value, commandId, learntAt: at, pending: null });
  }
}
