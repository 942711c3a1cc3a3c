import { ApplicationFailure } from '@temporalio/activity';
import type { Writer } from '../drizzle/writer.ts';
import type { Activities } from './activities.ts';

export function persist({ writer }: { writer: Writer }): Activities['persist'] {
  return async (input) => {
    try {
      return await writer.persist(input);
    } catch (error) {
      throw ApplicationFailure.nonRetryable(error instanceof Error ? error.message : String(error), 'DatabaseAway');
    }
  };
}
