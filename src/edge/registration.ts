import type { Registration } from '../../workflows/events.ts';

/** What a charge point that is not in the directory is: accepted, refused, or waiting for approval. */
export type RegistrationMode = 'open' | 'known' | 'pending';

/**
 * What the directory's row means; `unavailable` where it cannot be said: only known charge points are served, and the
 * directory cannot be asked.
 *
 * @param row undefined for a charge point never seen
 */
export function registrationOf(
  row: { registration: Registration | null } | 'unavailable' | undefined,
  mode: RegistrationMode,
): Registration | 'unknown' | 'unavailable' {
  if (row === 'unavailable' && mode === 'known') return 'unavailable';
  const known = typeof row === 'object' ? row.registration : null;
  return known ?? ({ open: 'accepted', known: 'unknown', pending: 'pending' } as const)[mode];
}
