import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // Most of a long test is waiting for leases and processes, not computing.
    maxWorkers: 3,
    // Real servers and databases take a while to come up on a busy machine; no test asserts a duration.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
