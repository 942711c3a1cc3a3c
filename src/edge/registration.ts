/** Whether a charge point may work here (OCPP 1.6 §4.2, RegistrationStatus), and `retired`: it did once. */
export type Registration = 'accepted' | 'pending' | 'rejected' | 'retired';

/** `open`: a charge point never seen is accepted. `known`: only those in the directory are. */
export type RegistrationMode = 'open' | 'known';

/**
 * What the directory's row means; undefined where it cannot be said: only known charge points are served, and the
 * directory cannot be asked.
 *
 * @param row undefined for a charge point never seen
 */
export function registrationOf(
  row: { registration: Registration | null } | 'unavailable' | undefined,
  mode: RegistrationMode,
): Registration | undefined {
  if (row === 'unavailable') return mode === 'open' ? 'accepted' : undefined;
  return row?.registration ?? (mode === 'open' ? 'accepted' : 'rejected');
}
