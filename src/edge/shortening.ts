import type { Note } from '../ocpp/notes.ts';
import { cutText } from '../ocpp/text.ts';
import type { Message } from '../../workflows/events.ts';

/**
 * The longest event (bytes of JSON) that is journalled. It goes to its actor whole, by one signal, of which Temporal takes
 * 2 MB, and the actor has to hand it to its next run beside others: a longer one would hold up its station for ever.
 */
export const EVENT_MOST_BYTES = 1_000_000;
/** Of the frame of such a message so many characters are kept. */
const RAW_KEPT = 4_096;
/** Bytes of its payload, which leave room for the rest. */
const PAYLOAD_MOST_BYTES = 900_000;

/** The message without the longest properties of its payload, as few as have to go, and a note of them. */
export function shortened<M extends Omit<Message, 'seq'>>(message: M): M {
  const properties = Object.entries(message.payload).map(([name, value]) => {
    return { name, value, bytes: Buffer.byteLength(JSON.stringify({ [name]: value })) };
  });
  let bytes = properties.reduce((sum, property) => sum + property.bytes, 0);
  const left = new Set<string>();
  for (const property of properties.toSorted((a, b) => b.bytes - a.bytes)) {
    if (bytes <= PAYLOAD_MOST_BYTES) break;
    left.add(property.name);
    bytes -= property.bytes;
  }
  const kept = properties.filter(({ name }) => !left.has(name));
  const names = cutText([...left].join(', '), 100);
  const what = left.size > 0 ? `${names} left out` : 'its frame is not kept whole';
  const note: Note = `overlongMessage: more than ${EVENT_MOST_BYTES} bytes: ${what}`;
  return {
    ...message,
    payload: Object.fromEntries(kept.map(({ name, value }) => [name, value])),
    ...(message.raw === undefined ? {} : { raw: cutText(message.raw, RAW_KEPT) }),
    notes: [...(message.notes ?? []), note],
  };
}
