import { defineConfig } from '../../devices/index.ts';

export default defineConfig({ testDir: import.meta.dirname });
