import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const lines = readFileSync(`${root}Dockerfile`, 'utf8').split('\n');
/** Sources of COPY that come from the project, not from another stage. */
const copied = lines.filter((line) => /^COPY (?!--from)/.test(line)).flatMap((line) => line.split(' ').slice(1, -1));
const [, major = ''] = /^ARG NODE_IMAGE=node:(\d+)\.\d+\.\d+-trixie-slim$/m.exec(lines.join('\n')) ?? [];

describe('Dockerfile', () => {
  it('copies what exists, and .dockerignore lets exactly that through', () => {
    expect(copied.length).toBeGreaterThan(8);
    for (const source of copied)
      expect({ source, exists: existsSync(root + source) }).toEqual({ source, exists: true });
    const through = readFileSync(`${root}.dockerignore`, 'utf8').match(/^!.+$/gm) ?? [];
    expect(through.map((line) => line.slice(1)).sort()).toEqual([...new Set(copied)].sort());
  });

  it('has a Node.js for which uWebSockets.js carries binaries', () => {
    const abi = { '20': '115', '22': '127', '24': '137' }[major];
    const folder = path.dirname(createRequire(import.meta.url).resolve('uWebSockets.js/package.json'));
    for (const cpu of ['x64', 'arm64']) {
      const file = `uws_linux_${cpu}_${abi}.node`;
      expect({ file, exists: existsSync(path.join(folder, file)) }).toEqual({ file, exists: true });
    }
  });

  it('runs without root, and ends on the signal that the program drains at', () => {
    expect(lines).toEqual(expect.arrayContaining(['USER node', 'STOPSIGNAL SIGTERM']));
    // As a list: a shell in between would not pass the signal on.
    expect(lines.findLast((line) => line.startsWith('CMD'))).toMatch(/^CMD \["node", .*"dist\/src\/main\.js"\]$/);
  });
});
