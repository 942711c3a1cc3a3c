import { ApplicationFailure } from '@temporalio/activity';
import { NotSent, type Calls } from '../src/edge/calls.ts';
import { InvalidCommand } from '../src/ocpp/command.ts';
import type { Activities } from './activities.ts';

export function callStation(calls: Calls): Activities['callStation'] {
  return async (call) => {
    try {
      await calls.send(call);
    } catch (error) {
      if (error instanceof InvalidCommand) throw ApplicationFailure.nonRetryable(error.message, 'InvalidCommand');
      if (!(error instanceof NotSent)) throw error;
      throw ApplicationFailure.nonRetryable(error.message, error.reason === 'already sent' ? 'AlreadySent' : 'NotSent');
    }
  };
}
