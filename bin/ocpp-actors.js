#!/usr/bin/env node
import { existsSync } from 'node:fs';

const source = new URL('../src/cli.ts', import.meta.url);
if (existsSync(source)) {
  const { register: registerModules } = await import('tsx/esm/api');
  const { register: registerRequire } = await import('tsx/cjs/api');
  registerModules();
  // The Temporal client requires its payload converter.
  registerRequire();
  await import(source.href);
} else {
  await import(new URL('../dist/src/cli.js', import.meta.url).href);
}
