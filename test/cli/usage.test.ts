import { createServer, type AddressInfo } from 'node:net';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { tree } from '../../src/cli/tree.ts';
import { ocppActors, ran } from '../support/cli.ts';
import { newId, Running } from './support.ts';

const servers = () => ({ TEMPORAL_ADDRESS: inject('temporalAddress'), DATABASE_URL: inject('databaseUrl') });

describe('wrong usage', () => {
  it('ends with code 2, says what is wrong, and how it is right', async () => {
    const wrong = [
      [['station', 'list', '--online', '--offline'], /cannot be used with/],
      [['station', 'password', 'CP1', '--remove', '--generate'], /give one of --generate, --stdin, --remove/],
      [['command', 'CP1', 'Rest'], /there is no command "Rest": expected one of .*Reset/],
      [['command', 'CP1', 'Reset', '{'], /the payload is no JSON/],
      [['command', 'CP1', 'Reset', '{"type":"hard"}'], /no valid Reset.req \(OCPP 1.6 §6.39\): type:/],
      [['command', 'CP1', 'ClearCache', '--unless-rebooted'], /unlessRebooted is an option of Reset only/],
      [['reset', 'CP1', '--id', 'x'.repeat(101)], /1 to 100 characters are expected/],
      [['firmware-events', 'CP1', '--action', 'Heartbeat'], /Allowed choices are FirmwareStatusNotification/],
      [['token', 'create', 'x', '--role', 'king'], /Allowed choices are viewer, operator, admin/],
      [['messages', 'CP1', '--from', 'yesterday'], /expected a time like/],
      [['stationn'], /Did you mean station\?/],
    ] as const;
    const all = await Promise.all(wrong.map(([args]) => ocppActors({}, ...args)));
    all.forEach(({ code, stdout, stderr }, i) => {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^error: .*\n(\(.*\)\n)?\nUsage: ocpp-actors.*\nMore: {2}ocpp-actors.* --help\n$/);
      expect(stderr).toMatch(wrong[i]![1]);
    });
  });

  it('help of every command tells its arguments and options, with an example', () => {
    for (const { command, path } of tree(createProgram())) {
      if (command.commands.length > 0) continue;
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toContain(`Usage: ${path.join(' ')}`);
      expect(help).toContain(`Examples:\n  ${path.join(' ')} `.trimEnd());
    }
  });
});

describe('servers that are away', () => {
  /** How long (ms) three commands that load the least take to begin and to end: a slow or busy machine is no fault. */
  let begunMs: number;
  beforeAll(async () => {
    const before = performance.now();
    await Promise.all(['bash', 'zsh', 'fish'].map((shell) => ocppActors({}, 'completion', shell)));
    begunMs = performance.now() - before;
  });

  const refusing = { TEMPORAL_ADDRESS: '127.0.0.1:1', DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' };

  it('are named within 10 s, with what to do, without the password', async () => {
    const before = performance.now();
    const [list, reset, show] = await Promise.all([
      ocppActors(refusing, 'station', 'list'),
      ocppActors(refusing, 'reset', 'CP1'),
      ocppActors({ ...servers(), DATABASE_URL: refusing.DATABASE_URL }, 'id-tag', 'export'),
    ]);
    expect(performance.now() - before).toBeLessThan(10_000 + 3 * begunMs);
    const database =
      /^ocpp-actors: the database at 127\.0\.0\.1:1\/x \(DATABASE_URL\) cannot be used: nothing listens .*\n$/;
    expect(list).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(database) });
    expect(show).toMatchObject({ code: 1, stderr: expect.stringMatching(database) });
    expect(reset).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^ocpp-actors: no Temporal server answers at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\).*\n$/,
      ),
    });
  });

  it('or that are silent, or without workers, are given up within 10 s', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as AddressInfo;
    const nobody = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, DATABASE_URL: `postgres://u@127.0.0.1:${port}/x` };
    const registered = newId('no-worker');
    await ocppActors(servers(), 'station', 'add', registered);
    const before = performance.now();
    const all = await Promise.all([
      ocppActors(nobody, 'station', 'list'),
      ocppActors(nobody, 'reset', 'CP1'),
      ocppActors(servers(), 'reset', registered),
    ]);
    expect(performance.now() - before).toBeLessThan(10_000 + 3 * begunMs);
    silent.close();
    expect(all.map(({ code, stdout }) => ({ code, stdout }))).toEqual(all.map(() => ({ code: 1, stdout: '' })));
    const [database, temporal, worker] = all.map(({ stderr }) => stderr);
    expect(database).toMatch(
      /^ocpp-actors: the database at 127\.0\.0\.1:\d+\/x \(DATABASE_URL\) cannot be used: .*\n$/,
    );
    expect(temporal).toMatch(/^ocpp-actors: no Temporal server answers at .* no answer within 5000 ms.*\n$/);
    expect(worker).toMatch(
      /^ocpp-actors: Temporal is there, but no worker took the request .*: is ocpp-actors running\?; .* --id \S+, and it is queued once\n$/,
    );
  });
});

describe('output', () => {
  it('may be cut off by who reads it', async () => {
    const running = new Running(['completion', 'bash'], {});
    running.process.stdout?.destroy();
    expect(await running.end()).toBe(0);
    expect(running.stderr).toBe('');
  });
});

describe('completion', () => {
  it('bash completes commands, options and their values', async () => {
    const complete = (line: string) => {
      const words = line.split(' ');
      return `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _ocpp_actors; echo "\${COMPREPLY[*]}"`;
    };
    const { stdout: script } = await ocppActors({}, 'completion', 'bash');
    const lines = [
      'ocpp-actors st',
      'ocpp-actors station l',
      'ocpp-actors station list --o',
      'ocpp-actors reset CP1 --type ',
    ];
    const { code, stdout, stderr } = await ran('bash', [
      '-c',
      `source /dev/stdin <<'END'\n${script}\nEND\n${lines.map(complete).join('\n')}`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual(['station', 'list label', '--online --offline', 'Soft Hard', '']);
  });

  it('zsh and fish get a script as well', async () => {
    const [zsh, fish] = await Promise.all(['zsh', 'fish'].map((shell) => ocppActors({}, 'completion', shell)));
    expect(zsh?.stdout).toMatch(/^#compdef ocpp-actors\n/);
    expect(fish?.stdout).toContain(
      "complete -c ocpp-actors -n \"__ocpp_actors_at 'ocpp-actors reset'\" -x -l type -a 'Soft Hard'",
    );
  });
});
