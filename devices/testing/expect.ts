import { expect as playwrightExpect } from '@playwright/test';
import { deviceTime } from './device-time.ts';

/** Playwright's `expect`. What a poll waits for is the device: the pauses between its looks count as the device's time, as the looks do. */
export const expect: typeof playwrightExpect = new Proxy(playwrightExpect, {
  get(target, property, receiver): unknown {
    if (property !== 'poll') return Reflect.get(target, property, receiver);
    const poll: typeof target.poll = (look, options) => target.poll(deviceTime.repeated(look), options);
    return poll;
  },
});
