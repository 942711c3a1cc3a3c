import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { exactIdToken } from '../fields.ts';
import { idTagInfo } from '../idTag.ts';

/** §7.1 AuthorizationData */
const entry = z.strictObject({
  idTag: exactIdToken,
  idTagInfo: idTagInfo.extend({ parentIdTag: exactIdToken.optional() }).optional(),
});

/** OCPP 1.6 §5.15, §6.41, §6.42. An entry without idTagInfo takes its id tag out, which only a Differential update does. */
export const sendLocalList: CommandMessage = {
  action: 'SendLocalList',
  section: 'OCPP 1.6 §6.41',
  request: z
    .strictObject({
      listVersion: z.int32().min(1, 'above 0: 0 stands for an empty list, -1 for none (OCPP 1.6 §5.10, errata 3.52)'),
      updateType: z.enum(['Differential', 'Full']),
      localAuthorizationList: z.array(entry).superRefine(eachOnce).optional(),
    })
    .refine(
      ({ updateType, localAuthorizationList = [] }) =>
        updateType === 'Differential' || localAuthorizationList.every((each) => each.idTagInfo !== undefined),
      'in a Full list every entry needs its idTagInfo (OCPP 1.6 §7.1)',
    ),
  response: z.object({ status: z.enum(['Accepted', 'Failed', 'NotSupported', 'VersionMismatch']) }),
  answerTimeoutMs: 60_000,
};

/** Which of two entries would count is not specified. */
function eachOnce(entries: readonly { idTag: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  entries.forEach(({ idTag }, index) => {
    if (seen.size < seen.add(idTag.toUpperCase()).size) return;
    const message = `"${idTag}" is there twice; upper and lower case are the same (OCPP 1.6 §7.28)`;
    context.addIssue({ code: 'custom', path: [index, 'idTag'], message });
  });
}
