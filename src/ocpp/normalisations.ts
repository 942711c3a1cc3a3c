/**
 * What is still made of a value that breaks its schema: one named normalisation each. The name opens the note on the
 * message; `notes.ts` has the source of each.
 */
import type { z } from 'zod';
import { isNode } from './node.ts';
import { parseDecimal } from './meterValues.ts';
import type { NoteName } from './notes.ts';
import { cutText, isStorable, storable } from './text.ts';

/** A property that breaks its schema. */
export interface Fault {
  issue: z.core.$ZodIssue;
  key: string;
  value: unknown;
  /** `meterValue[0].timestamp` */
  path: string;
  /** The message is always answered with a CALLRESULT. */
  always: boolean;
  /** Nothing can be made of the message without it. */
  essential: boolean;
}

export type Repair = { did: string } & ({ become: unknown } | { keep: unknown } | { leaveOut: true });

export interface Normalisation {
  name: NoteName;
  repair(fault: Fault): Repair | undefined;
}

/** Text beyond this is cut, where the specification sets a lower limit. */
const KEPT_LENGTH = 500;

/** In the order they are tried. */
export const normalisations: readonly Normalisation[] = [
  {
    name: 'nullRemoved',
    repair: ({ value }) => (value === null ? { did: 'is null, left out', leaveOut: true } : undefined),
  },
  {
    name: 'unknownProperty',
    repair({ issue, value }) {
      if (issue.code !== 'unrecognized_keys' || !isNode(value)) return undefined;
      const unknown = new Set(issue.keys);
      const known = Object.entries(value).filter(([key]) => !unknown.has(key));
      const names = issue.keys.slice(0, 10).map((key) => `"${cutText(key, 40)}"`);
      const more = issue.keys.length > 10 ? ` and ${issue.keys.length - 10} more` : '';
      return { did: `${names.join(', ')}${more} left out`, become: Object.fromEntries(known) };
    },
  },
  {
    name: 'unstorableText',
    repair({ value }) {
      if (typeof value !== 'string' || isStorable(value)) return undefined;
      return { did: 'holds characters that are no text, replaced by U+FFFD', become: storable(value) };
    },
  },
  {
    name: 'overlongText',
    repair({ issue, value }) {
      if (issue.code !== 'too_big' || typeof value !== 'string') return undefined;
      const cut = value.length > KEPT_LENGTH ? `, cut to ${KEPT_LENGTH}` : '';
      return {
        did: `has ${value.length} characters of at most ${issue.maximum}${cut}`,
        keep: cutText(value, KEPT_LENGTH),
      };
    },
  },
  {
    name: 'numberAsText',
    repair({ issue, value, always, essential }) {
      if ((essential && !always) || !wantsText(issue)) return undefined;
      if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
      return { did: `is the ${typeof value} ${value}, taken as text`, become: String(value) };
    },
  },
  {
    name: 'jsonAsText',
    repair({ issue, key, value }) {
      if ((key !== 'data' && key !== 'value') || !wantsText(issue) || value === undefined) return undefined;
      const text = jsonText(value);
      return text === undefined ? undefined : { did: `is ${kindOf(value)}, taken as JSON text`, become: text };
    },
  },
  {
    name: 'textAsNumber',
    repair({ issue, value, always, essential }) {
      if ((essential && !always) || !wantsNumber(issue) || typeof value !== 'string') return undefined;
      const number = parseDecimal(value);
      return number === null ? undefined : { did: `is the text "${cutText(value, 40)}"`, become: number };
    },
  },
  {
    // Never rounded or cut into the id of somebody else's transaction.
    name: 'noTransaction',
    repair({ key, value, always }) {
      if (key !== 'transactionId' || !always || value === undefined) return undefined;
      return {
        did: `${cutText(jsonText(value) ?? kindOf(value), 40)} is no id of ours, taken as none`,
        leaveOut: true,
      };
    },
  },
  {
    name: 'oddMeterReading',
    repair({ key, value, always }) {
      if ((key !== 'meterStart' && key !== 'meterStop') || !always) return undefined;
      if (typeof value !== 'number' || Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
      return { did: `${value} is no 32-bit integer`, keep: value };
    },
  },
  {
    name: 'outOfRange',
    repair({ issue, value, always }) {
      if (issue.code !== 'too_small' || typeof value !== 'number' || value < -(2 ** 31) || !always) return undefined;
      return { did: `${value} is below ${issue.minimum}`, keep: value };
    },
  },
  {
    name: 'objectAsArray',
    repair({ issue, value, always }) {
      if (issue.code !== 'invalid_type' || issue.expected !== 'array' || !always) return undefined;
      if (!isNode(value)) return undefined;
      return { did: 'is an object, taken as an array of one', become: [value] };
    },
  },
  {
    name: 'emptyArray',
    repair({ issue, value, always }) {
      if (issue.code !== 'too_small' || !Array.isArray(value) || !always) return undefined;
      return { did: 'is empty', keep: value };
    },
  },
  {
    name: 'emptyEnumeration',
    repair({ issue, value, always }) {
      return issue.code === 'invalid_value' && value === '' && always
        ? { did: 'is empty, left out', leaveOut: true }
        : undefined;
    },
  },
  {
    name: 'unknownValue',
    repair({ issue, value, always }) {
      if (issue.code !== 'invalid_value' || typeof value !== 'string' || !always) return undefined;
      return { did: `"${cutText(value, 40)}" is none of the specification's, kept`, keep: cutText(value, KEPT_LENGTH) };
    },
  },
  {
    name: 'missing',
    repair: ({ value, always, essential }) =>
      value === undefined && always && !essential ? { did: 'is required', leaveOut: true } : undefined,
  },
  {
    name: 'unreadable',
    repair({ issue, value, always, essential }) {
      if (!always || essential) return undefined;
      const was = typeof value === 'object' ? kindOf(value) : cutText(jsonText(value) ?? kindOf(value), 40);
      return { did: `is ${was}, ${expectation(issue)} expected: left out`, leaveOut: true };
    },
  },
];

export function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected === 'string' ? 'text' : issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  return issue.message;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return 'text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** undefined where the value is nested too deeply for JSON.stringify. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function wantsText(issue: z.core.$ZodIssue): boolean {
  return (issue.code === 'invalid_type' && issue.expected === 'string') || issue.code === 'invalid_value';
}

function wantsNumber(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && (issue.expected === 'number' || issue.expected === 'int');
}
