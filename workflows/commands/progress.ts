import type { Effect } from './rules.ts';

/**
 * The message that tells how it goes, until it tells how it ended. Of the security extension's it names the request.
 *
 * @param tells its action
 */
export function progress(tells: string, done: string, failed: string[]): Effect['seenIn'] {
  return ({ action, payload: { status, requestId } }, asked, seen) => {
    if (action !== tells) return false;
    if (seen && requestId !== undefined && asked.requestId !== undefined && requestId !== asked.requestId) return false;
    if (failed.includes(String(status))) return 'failed';
    if (status === done) return true;
    return seen !== undefined && status !== 'Idle' && 'under way';
  };
}
