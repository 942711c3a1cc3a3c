import { z } from 'zod';
import type { CommandMessage } from '../command.ts';
import { idToken } from '../fields.ts';
import { idTagInfo } from '../idTag.ts';

/** OCPP 1.6 §5.15, §6.41, §6.42. An entry without idTagInfo takes its id tag out, which only a Differential update does. */
export const sendLocalList: CommandMessage = {
  action: 'SendLocalList',
  request: z
    .strictObject({
      listVersion: z.int32().min(1, 'above 0: 0 stands for an empty list, -1 for none (OCPP 1.6 §5.10, errata 3.52)'),
      updateType: z.enum(['Differential', 'Full']),
      localAuthorizationList: z.array(z.strictObject({ idTag: idToken, idTagInfo: idTagInfo.optional() })).optional(),
    })
    .refine(
      ({ updateType, localAuthorizationList = [] }) =>
        updateType === 'Differential' || localAuthorizationList.every((entry) => entry.idTagInfo !== undefined),
      'in a Full list every entry needs its idTagInfo (OCPP 1.6 §7.1)',
    ),
  response: z.object({ status: z.enum(['Accepted', 'Failed', 'NotSupported', 'VersionMismatch']) }),
  answerTimeoutMs: 60_000,
};
