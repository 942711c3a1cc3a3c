/** Local Auth List Management profile, OCPP 1.6 §5.10, §5.15 */
import { z } from 'zod';
import { idTagInfo, idToken } from './fields.ts';
import { handler, status, type CommandHandler } from './handler.ts';

export const localAuthList: readonly CommandHandler[] = [
  handler('GetLocalListVersion', z.strictObject({}), ({ authorization, configuration }) => ({
    answer: { listVersion: configuration.flag('LocalAuthListEnabled') ? authorization.listVersion : -1 },
  })),
  handler(
    'SendLocalList',
    z.strictObject({
      listVersion: z.int32(),
      localAuthorizationList: z.array(z.strictObject({ idTag: idToken, idTagInfo: idTagInfo.optional() })).optional(),
      updateType: z.enum(['Differential', 'Full']),
    }),
    ({ authorization }, { listVersion, localAuthorizationList = [], updateType }) =>
      status(authorization.updateList(listVersion, updateType, localAuthorizationList)),
  ),
];
