import test from 'ava';
import type { AppSpec } from './engine.ts';
import { specLabel, targetStateOf } from './target-state.ts';

const image = 'boardwalk/service:0123456789abcdef';
const app: AppSpec = {
  name: 'environment',
  services: {
    main: {
      networkMode: 'host',
      environment: { A: 'b c' },
      labels: { 'io.balena.features.dbus': '1' },
      volumes: ['data:/data', '/run/x:/x'],
    },
    side: { image: 'other:latest', running: false, networkMode: 'bridge', command: ['sleep', '1'] },
  },
  volumes: ['kept'],
};

test('has every field that the genuine supervisor demands', (t) => {
  const { body, appId } = targetStateOf(app, image);
  t.is(appId, 1234);
  t.like(body, {
    force: true,
    local: {
      config: {},
      apps: {
        1234: {
          name: 'environment',
          releaseId: 1,
          services: {
            1: { imageId: 1, serviceName: 'main', image, running: true, environment: { A: 'b c' }, networkMode: 'host' },
            2: { imageId: 2, serviceName: 'side', image: 'other:latest', running: false, environment: {}, command: ['sleep', '1'] },
          },
          volumes: { kept: {}, data: {} },
          networks: {},
        },
      },
    },
  });
  // A service on its app's own bridge says nothing of networks, and a device keeps its name where none is given.
  const text = JSON.stringify(body);
  t.false(text.includes('bridge'));
  t.false(text.includes('deviceName'));
  t.is(JSON.stringify(targetStateOf({ ...app, deviceName: 'damp-haze' }, image).body).match(/damp-haze/g)?.length, 1);
});

test("a service's label changes with whatever makes its container anew, and with nothing else", (t) => {
  const label = (spec: AppSpec, reference = image) => targetStateOf(spec, reference).services.find(({ name }) => name === 'main')?.spec;
  const main = app.services['main'];
  const changed = (change: object): AppSpec => ({ ...app, services: { ...app.services, main: { ...main, ...change } } });
  t.is(label(app), label(structuredClone(app)));
  t.is(label(app), label(changed({ running: false })));
  t.is(label(app), label({ ...app, deviceName: 'renamed', id: 77 }));
  const differing = [
    label(app),
    label(changed({ environment: { A: 'd' } })),
    label(changed({ command: 'sleep 1' })),
    label(changed({ tmpfs: ['/tmp'] })),
    label({ ...app, name: 'another' }),
    label(app, 'boardwalk/service:fedcba9876543210'),
  ];
  t.is(new Set(differing).size, differing.length);
  t.true(JSON.stringify(targetStateOf(app, image).body).includes(`"${specLabel}":"${label(app)}"`));
});
