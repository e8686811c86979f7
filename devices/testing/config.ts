import { defineConfig as playwrightConfig, type PlaywrightTestConfig } from '@playwright/test';

/**
 * A Playwright configuration with boardwalk's defaults under `overrides`. Workers are given by who leased the devices: one a device.
 * A failed test isn't tried again: a retry would hide what the device did.
 */
export function defineConfig(overrides: PlaywrightTestConfig = {}): PlaywrightTestConfig {
  return playwrightConfig(
    {
      testMatch: '**/*.suite.?(c|m)[jt]s',
      fullyParallel: false,
      retries: 0,
      // A backstop only: each wait on a device has a budget of its own, whose error says more. Rollbacks boot four times.
      timeout: 20 * 60_000,
      expect: { timeout: 30_000 },
      reporter: 'line',
      preserveOutput: 'never',
    },
    overrides,
  );
}
