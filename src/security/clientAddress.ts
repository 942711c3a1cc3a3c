/**
 * The address of who connects. Behind proxies that we run, it is what the outermost of them has seen: each appends the
 * address of its own client to X-Forwarded-For, so what stands further left is anybody's claim.
 *
 * @param trustedProxies how many there are
 */
export function clientAddress(socketAddress: string, forwardedFor: string, trustedProxies: number): string {
  if (trustedProxies === 0) return socketAddress;
  const seen = forwardedFor
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  return (seen.at(-trustedProxies) ?? seen[0] ?? socketAddress).slice(0, 64);
}
