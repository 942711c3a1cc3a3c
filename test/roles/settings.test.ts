import { describe, expect, it } from 'vitest';
import { BadSettings, readSettings } from '../../src/config.ts';
import { failedStart } from '../program/failedStart.ts';

const TEMPORAL_ADDRESS = 'temporal:7233';
const DATABASE_URL = 'postgres://database/ocpp';

describe('a process without all roles', () => {
  it.each([
    ['edge', 'worker and api'],
    ['worker', 'edge and api'],
    ['worker,api', 'edge'],
  ])('with ROLES=%s has to be told where the servers are that the others use', (ROLES, others) => {
    const missing = (name: string) => `ROLES leaves out ${others}: set ${name} to the server that all processes share`;
    expect(() => readSettings({ ROLES, DATABASE_URL })).toThrow(missing('TEMPORAL_ADDRESS'));
    expect(() => readSettings({ ROLES, TEMPORAL_ADDRESS })).toThrow(missing('DATABASE_URL'));
    const settings = readSettings({ ROLES, DATABASE_URL, TEMPORAL_ADDRESS });
    expect([...settings.ROLES].join()).toBe(ROLES);
  });

  it('is told so at its start, and starts nothing', async () => {
    const { code, message, left } = await failedStart({ environment: { ROLES: 'edge' } });
    expect(code).toBe(1);
    expect(message).toMatch(/ROLES leaves out worker and api: set TEMPORAL_ADDRESS/);
    expect(message).toMatch(/ROLES leaves out worker and api: set DATABASE_URL/);
    expect(left).toEqual([]);
  });

  it('without an edge takes any PORT: nobody listens there', () => {
    const servers = { TEMPORAL_ADDRESS, DATABASE_URL, API_PORT: '8080' };
    expect(readSettings({ ROLES: 'worker', ...servers }).API_PORT).toBe(8080);
    expect(() => readSettings({ ROLES: 'edge', ...servers })).toThrow('PORT and API_PORT are both 8080');
  });
});

describe('ROLES', () => {
  it('takes each role once, in any order, with blanks', () => {
    const { ROLES } = readSettings({ ROLES: ' api, worker,edge,api' });
    expect([...ROLES].sort()).toEqual(['api', 'edge', 'worker']);
  });

  it.each(['', 'edge,', 'Edge', 'edge worker', 'none'])('refuses "%s"', (ROLES) => {
    if (ROLES === '') expect(readSettings({ ROLES }).ROLES.size).toBe(3);
    else expect(() => readSettings({ ROLES })).toThrow(BadSettings);
  });
});
