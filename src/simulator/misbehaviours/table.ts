/** The one table of misbehaviours. A further one is an entry in one of the files it is made of. */
import { connections } from './connections.ts';
import { frames } from './frames.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { payloads } from './payloads.ts';
import { times } from './times.ts';
import { transactions } from './transactions.ts';

export const misbehaviours: ReadonlyMap<string, Misbehaviour> = new Map(
  [...payloads, ...times, ...transactions, ...frames, ...connections].map((misbehaviour) => [
    misbehaviour.name,
    misbehaviour,
  ]),
);

/** @throws RangeError for a name that is not in the table. */
export function misbehavioursNamed(names: readonly string[]): Misbehaviour[] {
  return names.map((name) => {
    const found = misbehaviours.get(name);
    if (!found) throw new RangeError(`no misbehaviour "${name}": --misbehave list shows them`);
    return found;
  });
}
