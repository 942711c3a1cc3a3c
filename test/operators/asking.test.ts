import { hostname, userInfo } from 'node:os';
import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { whoAsks } from '../../src/api/authentication.ts';
import { whoAsks as whoAsksAtAShell } from '../../src/cli/asking.ts';

describe('who asks over REST', () => {
  const ofToken = (name: string, ip = '10.0.0.1') => ({ operator: { name, role: 'operator' }, ip }) as FastifyRequest;

  it("is the token's owner and the address, after a name that nobody has verified", () => {
    expect(whoAsks(ofToken('billing'))).toBe('billing from 10.0.0.1');
    expect(whoAsks(ofToken('billing'), 'Ada')).toBe('Ada, by billing from 10.0.0.1');
  });

  it('is verified to the end, whatever the name pretends', () => {
    expect(whoAsks(ofToken('billing'), 'Ada, by root from 127.0.0.1')).toMatch(/, by billing from 10\.0\.0\.1$/);
  });

  it('has at most 100 characters, of which the name is cut first and the address never', () => {
    const long = whoAsks(ofToken('billing'), 'x'.repeat(100));
    expect(long).toHaveLength(100);
    expect(long).toMatch(/^x+…, by billing from 10\.0\.0\.1$/);
    const address = '2001:0db8:0000:0000:0000:ff00:0042:8329';
    const longest = whoAsks(ofToken('y'.repeat(100), address), 'Ada');
    expect(longest).toHaveLength(100);
    expect(longest).toMatch(new RegExp(`^y+… from ${address}$`));
    expect(whoAsks(ofToken('billing'), '😀'.repeat(50)).isWellFormed()).toBe(true);
  });
});

describe('who asks at a shell', () => {
  const user = `${userInfo().username}@${hostname()}`.slice(0, 100);

  it('is the user and the host, after a name where one is given', () => {
    expect(whoAsksAtAShell()).toBe(user);
    expect(whoAsksAtAShell('Ada')).toBe(`Ada (${user})`);
  });

  it('has at most 100 characters, of which only the name is cut', () => {
    const long = whoAsksAtAShell('x'.repeat(200));
    expect(long).toHaveLength(100);
    expect(long.endsWith(` (${user})`)).toBe(true);
  });
});
