import test from 'ava';

import { parseIndexTargets, sourcesFor } from './mirror.ts';

test('targets are read once each, blank and short lines are left out', (t) => {
  const output = [
    'http://mirror.example/debian bookworm main',
    'http://mirror.example/debian bookworm main',
    '',
    'http://mirror.example/security bookworm-security main',
    'broken line',
  ].join('\n');
  t.deepEqual(parseIndexTargets(output), [
    { site: 'http://mirror.example/debian', release: 'bookworm', component: 'main' },
    { site: 'http://mirror.example/security', release: 'bookworm-security', component: 'main' },
  ]);
});

test('the sources are those of the suite and its updates, main only', (t) => {
  const targets = parseIndexTargets(`
    http://mirror.example/debian bookworm main
    http://mirror.example/debian bookworm contrib
    http://mirror.example/debian bookworm-updates main
    http://mirror.example/debian bookworm-backports main
    http://mirror.example/security bookworm-security main
    http://elsewhere.example/apt stable main`);
  t.deepEqual(sourcesFor(targets), [
    'deb http://mirror.example/debian bookworm main',
    'deb http://mirror.example/debian bookworm-updates main',
    'deb http://mirror.example/security bookworm-security main',
  ]);
});

test('another release, or only its updates, says nothing about the suite', (t) => {
  t.deepEqual(sourcesFor(parseIndexTargets('http://mirror.example/ubuntu noble main')), []);
  t.deepEqual(sourcesFor(parseIndexTargets('http://mirror.example/security bookworm-security main')), []);
});
