import { z } from 'zod';
import { exactTimestamp, idToken } from './fields.ts';
import type { AnswerContext } from './message.ts';

/** §7.27 IdTagInfo */
export const idTagInfo = z.strictObject({
  /** §7.2 AuthorizationStatus */
  status: z.enum(['Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx']),
  expiryDate: exactTimestamp.optional(),
  parentIdTag: idToken.optional(),
});

/**
 * The directory's judgement as it may leave: without nulls, without an unreadable date, without a parent id that is no
 * idToken. A station must not lose its answer to a slip in somebody's data. A tag longer than an idToken (§7.28) is Invalid
 * without asking.
 */
export async function judged(idTag: string, context: AnswerContext): Promise<z.infer<typeof idTagInfo>> {
  if (!idToken.safeParse(idTag).success) return { status: 'Invalid' };
  const { status, expiryDate, parentIdTag } = await context.judgeIdTag(idTag);
  const info: z.infer<typeof idTagInfo> = { status };
  const expiry = expiryDate ? Date.parse(expiryDate) : NaN;
  if (!Number.isNaN(expiry)) info.expiryDate = new Date(expiry).toISOString();
  if (parentIdTag && idToken.safeParse(parentIdTag).success) info.parentIdTag = parentIdTag;
  return info;
}
