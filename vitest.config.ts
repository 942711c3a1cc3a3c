import { defineConfig } from 'vitest/config';

/** Tests that need no server of ours, or start their own: they are not made to wait for the shared ones. */
const standalone = [
  'test/cases/*.test.ts',
  'test/chaos/**/*.test.ts',
  'test/docs/**/*.test.ts',
  'test/durability/**/*.test.ts',
  'test/edge/**/*.test.ts',
  'test/directory/**/*.test.ts',
  'test/embedded/**/*.test.ts',
  'test/ocpp/**/*.test.ts',
  'test/operators/**/*.test.ts',
  'test/storage/**/*.test.ts',
  'test/workflows/**/*.test.ts',
  'test/ui/**/*.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    setupFiles: 'test/support/seed.ts',
    // Patience for machines that are slow or busy: what is waited for has mostly come in a fraction of it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 20_000 } },
    // The servers are shared and heavy: side by side, test files would only slow each other down.
    fileParallelism: false,
    projects: [
      { extends: true, test: { name: 'standalone', include: standalone } },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          exclude: standalone,
          globalSetup: 'test/support/servers.ts',
        },
      },
    ],
  },
});
