export default {
  extensions: ['ts'],
  files: ['{qemu,devices,reports,workers,cli,suites,test}/**/*.test.ts'],
  timeout: '5m',
  workerThreads: false,
};
