import { secretRefusal } from '../../src/ocpp/secrets.ts';
import { statuses } from './answers.ts';
import { anyObject } from './payload.ts';
import type { CommandRules } from './rules.ts';
import { DAY } from './times.ts';

/** ChangeConfiguration (OCPP 1.6 §5.3). RebootRequired: it is kept, and counts from the next boot on. */
export const changeConfiguration: CommandRules = {
  deadlineMs: 7 * DAY,
  check: anyObject('ChangeConfiguration', secretRefusal),
  accepted: statuses('Accepted', 'RebootRequired'),
};
