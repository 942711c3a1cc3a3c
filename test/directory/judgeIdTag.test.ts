import { describe, expect, it } from 'vitest';
import type { IdTagRow } from '../../src/directory/directory.ts';
import { judgeIdTag } from '../../src/directory/judgeIdTag.ts';

const NOW = '2026-06-01T12:00:00.000Z';
const POLICY = { unknownIdTags: 'invalid', offlineUnknownTags: 'accept' } as const;
const ROW: IdTagRow = {
  key: 'ABC',
  idTag: 'Abc',
  status: 'Accepted',
  expiryDate: null,
  parentIdTag: null,
  singleTransaction: false,
  deleted: false,
};

describe('judgeIdTag', () => {
  it.each(['Accepted', 'Blocked', 'Expired', 'Invalid'])('answers what the directory says: %s', (status) => {
    expect(judgeIdTag({ ...ROW, status }, NOW, POLICY)).toEqual({ info: { status } });
  });

  it('tells expiry and parent where there are any', () => {
    const row = { ...ROW, expiryDate: '2026-06-01T12:00:00.001Z', parentIdTag: 'GROUP' };
    expect(judgeIdTag(row, NOW, POLICY).info).toEqual({
      status: 'Accepted',
      expiryDate: '2026-06-01T12:00:00.001Z',
      parentIdTag: 'GROUP',
    });
  });

  it('calls a tag expired from its expiry date on, but a blocked one blocked', () => {
    const expired = { ...ROW, expiryDate: NOW };
    expect(judgeIdTag(expired, NOW, POLICY).info.status).toBe('Expired');
    expect(judgeIdTag({ ...expired, status: 'Blocked' }, NOW, POLICY).info.status).toBe('Blocked');
  });

  it('judges an unknown or deleted tag by the policy', () => {
    expect(judgeIdTag(undefined, NOW, POLICY)).toEqual({ info: { status: 'Invalid' } });
    expect(judgeIdTag({ ...ROW, deleted: true }, NOW, POLICY)).toEqual({ info: { status: 'Invalid' } });
    expect(judgeIdTag(undefined, NOW, { ...POLICY, unknownIdTags: 'accept' }).info.status).toBe('Accepted');
  });

  it('says so when the judgement was made without the database', () => {
    const judged = judgeIdTag('unavailable', NOW, POLICY);
    expect(judged.info).toEqual({ status: 'Accepted' });
    expect(judged.note).toMatch(/^unjudgedIdTag: /);
    expect(judgeIdTag('unavailable', NOW, { ...POLICY, offlineUnknownTags: 'invalid' }).info.status).toBe('Invalid');
  });
});
