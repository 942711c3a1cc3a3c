/**
 * The password that an `Authorization: Basic` header gives for a charge point; undefined where there is none, or for
 * another identity (RFC 7617; A00.FR.203: the user name is the identity).
 *
 * Bytes, not text: a decoded AuthorizationKey is no UTF-8 (https://github.com/ChargeTimeEU/Java-OCA-OCPP/pull/163). An
 * identity may hold a colon, so it is not the first one that ends it.
 */
export function basicPassword(authorization: string, chargePointId: string): Buffer | undefined {
  const encoded = /^basic +([a-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const credentials = Buffer.from(encoded, 'base64');
  const user = Buffer.from(`${chargePointId}:`);
  return credentials.subarray(0, user.length).equals(user) ? credentials.subarray(user.length) : undefined;
}
