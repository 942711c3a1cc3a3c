import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSettings, settingsSchema } from '../../src/config.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(`${root}docker-compose.yml`, 'utf8');
const SECRETS = {
  POSTGRES_PASSWORD: 'one',
  TEMPORAL_POSTGRES_PASSWORD: 'two',
  OPERATOR_TOKEN: 'three-and-long-enough-to-be-one',
  SECRET_KEY: '4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f',
};

interface Service {
  image: string;
  profiles?: string[];
  restart?: string;
  ports?: string[];
  volumes?: string[];
  healthcheck?: object;
  environment?: Record<string, string>;
  depends_on?: string[] | Record<string, { condition: string }>;
  deploy?: { resources?: { limits?: { memory?: string } } };
}
const { services, volumes, secrets } = parse(interpolated(text, SECRETS), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  secrets: Record<string, { file: string }>;
};
const all = Object.entries(services);
/** Those that end when they have done their work are left out. */
const lasting = all.filter(([, { restart }]) => restart === 'unless-stopped');
const roles = ['edge', 'worker', 'api'] as const;

describe('docker-compose.yml', () => {
  it.each(roles)('%s has settings that the program takes, and a role', (role) => {
    const { environment = {} } = services[role]!;
    expect(Object.keys(settingsSchema.shape)).toEqual(expect.arrayContaining(Object.keys(environment)));
    // As the Dockerfile sets them.
    const settings = readSettings({ HOST: '0.0.0.0', DATA_DIR: '/data', ...environment });
    expect([...settings.ROLES]).toEqual([role]);
    expect(settings.OPERATOR_TOKEN).toBe(SECRETS.OPERATOR_TOKEN);
    expect(new URL(settings.DATABASE_URL!).hostname).toBe('timescaledb');
  });

  it('an edge has its disk to itself', () => {
    expect(services.edge?.volumes).toEqual(['edge-data:/data']);
    const used = all.flatMap(([, { volumes: mounted = [] }]) => mounted.map((volume) => volume.split(':')[0]!));
    const named = used.filter((volume) => volume in volumes);
    expect(named.sort()).toEqual(Object.keys(volumes).sort());
  });

  it.each(Object.keys(SECRETS))('nothing starts without %s', (name) => {
    expect(() => interpolated(text, { ...SECRETS, [name]: '' })).toThrow(`${name} is missing, set it in .env`);
  });

  it('publishes ports on loopback alone', () => {
    for (const port of all.flatMap(([, { ports = [] }]) => ports)) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('pins every image to a version', () => {
    for (const [, { image }] of all) expect(image).toMatch(/:v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)?$/);
  });

  it('whatever lasts has a limit of memory, and tells whether it is well', () => {
    expect(lasting).toHaveLength(all.length - 2);
    for (const [name, { deploy, healthcheck }] of lasting) {
      expect({ name, memory: deploy?.resources?.limits?.memory }).toEqual({
        name,
        memory: expect.stringMatching(/^\d+[mg]$/),
      });
      // The image of the three roles has its own.
      if (!roles.includes(name as 'edge'))
        expect({ name, healthcheck }).toEqual({ name, healthcheck: expect.any(Object) });
    }
  });

  it('without a profile starts what the program needs, and no more', () => {
    const started = lasting.filter(([, { profiles = [] }]) => profiles.length === 0).map(([name]) => name);
    expect(started.sort()).toEqual(['temporal', 'temporal-database', 'temporal-ui', 'timescaledb']);
    for (const name of started) {
      for (const needed of Object.keys(services[name]?.depends_on ?? {}))
        expect(services[needed]?.profiles).toBeUndefined();
    }
  });

  it('mounts files that exist', () => {
    const mounted = all.flatMap(([, { volumes: each = [] }]) => each).filter((volume) => volume.startsWith('./'));
    expect(mounted.length).toBeGreaterThan(3);
    for (const volume of mounted) expect(existsSync(root + volume.split(':')[0])).toBe(true);
    for (const { file } of Object.values(secrets)) {
      // A secret laid there is not committed by accident.
      expect(() => execFileSync('git', ['check-ignore', '-q', file], { cwd: root })).not.toThrow();
    }
  });

  it('deploy/example.env names every secret', () => {
    const example = readFileSync(`${root}deploy/example.env`, 'utf8');
    for (const name of Object.keys(SECRETS)) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
  });

  const composer = [['docker', 'compose'], ['docker-compose']].find(([command, ...args]) => {
    return spawnSync(command!, [...args, 'version']).status === 0;
  });
  it.skipIf(!composer)('is taken by Docker Compose itself', () => {
    const [command, ...args] = composer!;
    const { status, stderr } = spawnSync(command!, [...args, '--profile', 'system', 'config', '-q'], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...SECRETS },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('Temporal', () => {
  it('is told to take floods of signals', () => {
    const config = parse(readFileSync(`${root}deploy/temporal/dynamic-config.yaml`, 'utf8')) as Record<
      string,
      { value: number }[]
    >;
    expect(config).toMatchObject({
      'history.maximumBufferedEventsBatch': [{ value: 10_000 }],
      'history.maximumBufferedEventsSizeInBytes': [{ value: 50_000_000 }],
    });
  });
});

describe('Prometheus', () => {
  it('asks each role for its metrics', () => {
    const config = parse(readFileSync(`${root}deploy/prometheus/prometheus.yml`, 'utf8')) as {
      scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
    };
    const job = config.scrape_configs.find(({ job_name }) => job_name === 'ocpp-actors');
    expect(job?.dns_sd_configs).toEqual([
      expect.objectContaining({ names: [...roles], port: readSettings({}).API_PORT }),
    ]);
  });
});

/** Variables as Docker Compose sets them: `${A:-default}`, `${A:?message}`. */
function interpolated(template: string, values: Record<string, string>): string {
  return template.replaceAll(/\$\{(\w+)(:[-?])([^}]*)\}/g, (_, name: string, operator: string, other: string) => {
    if (values[name]) return values[name];
    if (operator === ':?') throw new Error(other);
    return other;
  });
}
