import type { CommandRules } from './rules.ts';

/** Longest payload (characters of JSON) that an actor keeps: certificates and local lists of some hundred tags fit. */
const LONGEST = 100_000;

/**
 * The check of a payload that is looked at where it is exact: when it is asked for, by activity `checkCommand`, and by the
 * edge before it leaves. Here only what an actor has to keep is checked.
 *
 * @param refuse why it is refused, in words; undefined where it is not
 */
export function anyObject(
  action: string,
  refuse?: (payload: Record<string, unknown>) => string | undefined,
): CommandRules['check'] {
  return (payload) => {
    if ((typeof payload !== 'object' && payload !== undefined) || Array.isArray(payload)) {
      return { refusal: `${action} takes an object, not ${JSON.stringify(payload)?.slice(0, 200)}` };
    }
    const given = (payload ?? {}) as Record<string, unknown>;
    if (JSON.stringify(given).length > LONGEST) return { refusal: `a payload of more than ${LONGEST} characters` };
    const refusal = refuse?.(given);
    return refusal === undefined ? { payload: given } : { refusal };
  };
}
