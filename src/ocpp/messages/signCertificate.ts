import { z } from 'zod';
import { longText } from '../fields.ts';
import { defineMessage } from '../message.ts';

/**
 * Improved security for OCPP 1.6-J, edition 2, §5.17, §5.18. Rejected: nobody here signs certificates. The request is
 * kept, so that an operator who has an authority can sign it.
 */
export const signCertificate = defineMessage({
  action: 'SignCertificate',
  profile: 'Security',
  durable: true,
  request: z.strictObject({ csr: longText.max(5_500) }),
  response: z.strictObject({ status: z.enum(['Accepted', 'Rejected']) }),
  answer: () => ({ status: 'Rejected' as const }),
});
