import { flash } from './flash.ts';

// A flash in a process of its own, to be killed: tells each step of its progress on a line.

const [image = '', target = ''] = process.argv.slice(2);
await flash({ image, target, onProgress: ({ step, doneBytes }) => process.stdout.write(`${step} ${doneBytes}\n`) });
