import test from 'ava';
import { consoleContract } from './console.contract.ts';
import { openFakeConsole } from './fake.ts';

consoleContract(test, 'fake console', async () => {
  const { console, source, release } = await openFakeConsole();
  return {
    console,
    say: async (...lines) => source.feed(lines.map((line) => `${line}\r\n`).join('')),
    heard: async (bytes) => {
      if (!source.written.includes(bytes)) throw new Error(`the device heard ${JSON.stringify(source.written.toString())}`);
    },
    release,
  };
});
