import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargePointIdFrom } from '../../src/ocpp/identity.ts';

describe('chargePointIdFrom', () => {
  it('takes the id from /{id} and /ocpp/{id}', () => {
    const paths: [path: string, id: string][] = [
      ['/CP001', 'CP001'],
      ['/ocpp/CP001', 'CP001'],
      ['/ocpp/RDAM%20123', 'RDAM 123'],
      ['/ocpp', 'ocpp'],
      ['/ocpp/ocpp', 'ocpp'],
      ['/ocppj', 'ocppj'],
      ['/a%2Fb', 'a/b'],
      ['/ocpp%2Fb', 'ocpp/b'],
      ['/ocpp/%C3%BC%E6%BC%A2', 'ü漢'],
      [`/${'x'.repeat(48)}`, 'x'.repeat(48)],
    ];
    for (const [path, id] of paths) expect([path, chargePointIdFrom(path)]).toEqual([path, { id }]);
  });

  it('says what is wrong with any other path', () => {
    const paths: [path: string, problem: RegExp][] = [
      ['/', /no charge point id/],
      ['', /no charge point id/],
      ['/ocpp/', /no charge point id/],
      ['/a/b', /more than one path segment/],
      ['/ocpp/a/', /more than one path segment/],
      ['/ocpp/BAD%ZZ', /not percent-encoded/],
      ['/%C3', /not percent-encoded/],
      ['/%20', /blank/],
      ['/a%00b', /control characters/],
      ['/a%0Ab', /control characters/],
      [`/${'x'.repeat(49)}`, /more than 48 characters/],
    ];
    for (const [path, problem] of paths) {
      expect([path, chargePointIdFrom(path)]).toEqual([path, { problem: expect.stringMatching(problem) }]);
    }
  });

  it('gives back any id that was percent-encoded, and never throws', () => {
    const id = fc.stringMatching(/^[!-~ü漢][ -~ü漢]{0,40}$/);
    fc.assert(
      fc.property(id, (text) => {
        expect(chargePointIdFrom(`/ocpp/${encodeURIComponent(text)}`)).toEqual({ id: text });
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (path) => void chargePointIdFrom(path)));
  });
});
