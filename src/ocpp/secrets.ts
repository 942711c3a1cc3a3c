/**
 * The key of a charge point's authentication (OCPP-J 1.6 §6.2.2) in a command: commands are kept and shown, so it is there
 * only as what the edge can read, see src/security/seal.ts.
 */
const SEALED = /^sealed:1:[\w-]{40,440}$/;

export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && SEALED.test(value);
}

export function isAuthorizationKey(key: unknown): boolean {
  return typeof key === 'string' && key.toLowerCase() === 'authorizationkey';
}

/** Why a ChangeConfiguration is refused; undefined where it is not. */
export function secretRefusal({ key, value }: Record<string, unknown>): string | undefined {
  if (!isAuthorizationKey(key) || isSealed(value)) return undefined;
  return 'AuthorizationKey is a secret, and commands are kept: PUT /v1/charge-points/{id}/authorization-key changes it, or `ocpp-actors station authorization-key`';
}
