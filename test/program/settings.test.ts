import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BadSettings, readSettings } from '../../src/config.ts';
import { failedStart } from './failedStart.ts';

const wrong: [name: string, value: string, expected: RegExp][] = [
  ['PORT', 'http', /a whole number from 1 to 65535/],
  ['PORT', '0', /a whole number from 1 to 65535/],
  ['API_PORT', '65536', /a whole number from 1 to 65535/],
  ['DATABASE_PORT', '54320.5', /a whole number from 1 to 65535/],
  ['DATABASE_URL', 'mysql://root:secret@localhost/ocpp', /a URL like postgres:/],
  ['DATABASE_URL', 'postgres://user:secret@host:port/ocpp', /a URL like postgres:/],
  ['DATABASE_URL', 'postgres://', /a URL like postgres:/],
  ['TEMPORAL_ADDRESS', 'http://localhost:7233', /host:port, without http/],
  ['TEMPORAL_ADDRESS', 'localhost', /host:port/],
  ['REGISTRATION', 'closed', /one of open, known/],
  ['UNKNOWN_ID_TAGS', 'ACCEPT', /one of invalid, accept/],
  ['OFFLINE_UNKNOWN_TAGS', 'yes', /one of accept, invalid/],
  ['HEARTBEAT_INTERVAL', '5', /a whole number from 10 to 86400/],
  ['TRANSACTION_END_GRACE', '15', /a duration like 90s, 15m or 2h/],
  ['ACKNOWLEDGE', 'never', /one of journal, actor/],
  ['JOURNAL_LIMIT_MB', '1', /a whole number from 64 to 1000000/],
  ['LOG_LEVEL', 'loud', /one of fatal, error/],
  ['HOST', '0.0.0.0', /not a loopback address/],
  ['API_PORT', '8080', /PORT and API_PORT are both 8080/],
  ['TEMPORAL_UI_PORT', '7233', /TEMPORAL_PORT and TEMPORAL_UI_PORT are both 7233/],
];

it.each(wrong)('%s=%s is refused with what is expected', (name, value, expected) => {
  const read = () => readSettings({ [name]: value });
  expect(read).toThrow(BadSettings);
  expect(read).toThrow(expected);
  expect(read).toThrow(name);
  expect(read).not.toThrow('secret');
});

it('ports of servers that are not started may be anything', () => {
  const named = { TEMPORAL_ADDRESS: 'temporal:7233', DATABASE_URL: 'postgres://database/ocpp' };
  expect(readSettings({ ...named, PORT: '7233', API_PORT: '54320' })).toMatchObject({ PORT: 7233, API_PORT: 54320 });
});

it('several wrong settings are all named at once, and nothing is started', async () => {
  const { code, message, left } = await failedStart({
    environment: { PORT: 'x', REGISTRATION: 'maybe', DATABASE_URL: 'mysql://root:secret@localhost/ocpp' },
  });
  expect(code).toBe(1);
  expect(message.trimEnd().split('\n')).toEqual([
    'ocpp-actors cannot start: these settings are wrong',
    expect.stringMatching(/^ {2}PORT=x: expected/),
    expect.stringMatching(/^ {2}DATABASE_URL=…: expected/),
    expect.stringMatching(/^ {2}REGISTRATION=maybe: expected/),
  ]);
  expect(left).toEqual([]);
});

it('a wrong value in .env is named with the file', async () => {
  const { code, message } = await failedStart({}, (program) =>
    writeFile(path.join(program.dataDir, '.env'), 'HEARTBEAT_INTERVAL=soon\nPORT=1\n'),
  );
  expect(code).toBe(1);
  expect(message).toMatch(
    /^ocpp-actors cannot start: HEARTBEAT_INTERVAL=soon \(in .*\/\.env\): expected a whole number from 10 to 86400.*\n$/,
  );
});

it('a .env that cannot be read is named', async () => {
  const { code, message } = await failedStart({}, (program) => mkdir(path.join(program.dataDir, '.env')));
  expect(code).toBe(1);
  expect(message).toMatch(/^ocpp-actors cannot start: .*\.env cannot be read: .*\n$/);
});

it('a DATA_DIR that is a file is named', async () => {
  const { code, message } = await failedStart({}, async (program) => {
    const file = path.join(program.dataDir, 'file');
    await writeFile(file, '');
    program.environment.DATA_DIR = file;
  });
  expect(code).toBe(1);
  expect(message).toMatch(/^ocpp-actors cannot start: DATA_DIR=.*file cannot be used: .*\n$/);
});
